"""IAM policies of members, with the least rights that the commands need. docs/iam-policy.md shows the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Policy: TypeAlias = Mapping[str, Any]
NAME = "s3sync"
"""Beginning of the name of an inline policy of ours; the repository's follows."""
_USER = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")
_WILD = re.compile(r"[*?$]")


def member_policy(
    bucket: str, prefix: str, repo: str, *, reads_only: bool = False, versions: bool = False, region: str = ""
) -> Policy:
    """Rights on the files of one repository, below `prefix` (empty, or ending in `/`) of a bucket.

    `reads_only`: nothing can be written. `versions`: also list and read what a bucket with versioning keeps.
    """
    where, below = _arn(bucket, region), f"{literal(prefix)}{literal(repo)}/*"
    inside = {"StringLike": {"s3:prefix": [below]}}
    statements: list[dict[str, Any]] = [
        {
            "Sid": "ListTheRepository",
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:ListBucketVersions"] if versions else "s3:ListBucket",
            "Resource": where,
            "Condition": inside,
        }
    ]
    if not reads_only:
        statements.append(
            {
                "Sid": "ListUnfinishedUploads",
                "Effect": "Allow",
                "Action": "s3:ListBucketMultipartUploads",
                "Resource": where,
            }
        )
    if versions:
        statements.append(
            {
                "Sid": "AskWhetherItKeepsVersions",
                "Effect": "Allow",
                "Action": "s3:GetBucketVersioning",
                "Resource": where,
            }
        )
    reads = ["s3:GetObject", "s3:GetObjectVersion"] if versions else ["s3:GetObject"]
    writes = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    actions: Sequence[str] = reads if reads_only else [*reads, *writes]
    statements.append(
        {
            "Sid": "ReadItsFiles" if reads_only else "ReadAndWriteItsFiles",
            "Effect": "Allow",
            "Action": actions[0] if len(actions) == 1 else list(actions),
            "Resource": f"{where}/{below}",
        }
    )
    return {"Version": "2012-10-17", "Statement": statements}


def literal(name: str) -> str:
    """A name as a policy means it word for word: `*`, `?` and `$` in it are no wildcards and no variables."""
    return _WILD.sub(lambda found: f"${{{found[0]}}}", name)


def policy_name(prefix: str, repo: str) -> str:
    """Name of the inline policy for one repository: of what IAM allows in a name."""
    return re.sub(r"[^A-Za-z0-9+=,.@_-]", "-", f"{NAME}-{prefix}{repo}")[:128]


def same_policy(one: Policy | None, other: Policy) -> bool:
    """True for the same rights, however a server writes lists of one and their order."""
    return one is not None and _plain(one) == _plain(other)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = sorted((_plain(item) for item in value), key=repr)
        return items[0] if len(items) == 1 and not isinstance(items[0], dict) else items
    return value


def user_reason(name: str) -> str | None:
    """Reason why IAM can have no user of this name; None when it can."""
    if _USER.fullmatch(name):
        return None
    return "an IAM user's name has 1 to 64 letters, digits and + = , . @ _ -"


def _arn(bucket: str, region: str) -> str:
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return f"arn:{partition}:s3:::{bucket}"

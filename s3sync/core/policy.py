"""IAM policies of members, with the least rights that the commands need. docs/iam-policy.md shows the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

Policy: TypeAlias = Mapping[str, Any]
NAME = "s3sync"
"""Beginning of the name of an inline policy of ours; the repository's follows."""
MOST_DEEP = 16
"""Levels of a policy that are compared: none of ours has as many, and each is put in order with all that is in it."""
_USER = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")
_WILD = re.compile(r"[*?$]")


def member_policy(
    bucket: str,
    prefix: str,
    repo: str,
    *,
    reads_only: bool = False,
    acknowledges: bool = False,
    versions: bool = False,
    region: str = "",
) -> Policy:
    """Rights on the files of one repository, below `prefix` (empty, or ending in `/`) of a bucket.

    `reads_only`: nothing can be written; with `acknowledges` the metadata.json of a project can, which says what he has
    fetched. `versions`: also list and read what a bucket with versioning keeps.
    """
    where = arn_of(bucket, region)
    inside = f"{literal(prefix)}{literal(repo)}/*"
    files = f"{where}/{inside}"
    listing = ["s3:ListBucket", "s3:ListBucketVersions"] if versions else ["s3:ListBucket"]
    statements = [
        {**_statement("ListTheRepository", where, *listing), "Condition": {"StringLike": {"s3:prefix": [inside]}}}
    ]
    if not reads_only:
        statements.append(_statement("ListUnfinishedUploads", where, "s3:ListBucketMultipartUploads"))
    if versions:
        statements.append(_statement("AskWhetherItKeepsVersions", where, "s3:GetBucketVersioning"))
    reads = ["s3:GetObject", "s3:GetObjectVersion"] if versions else ["s3:GetObject"]
    writes = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    if reads_only:
        statements.append(_statement("ReadItsFiles", files, *reads))
    else:
        statements.append(_statement("ReadAndWriteItsFiles", files, *reads, *writes))
    if reads_only and acknowledges:
        statements += [
            _statement("TryConditionalWrites", f"{files}/.s3sync/probe-*", "s3:PutObject", "s3:DeleteObject"),
            _statement("SayWhatWasFetched", f"{files}/metadata.json", "s3:PutObject"),
            _statement("WriteNoFileOfThatName", f"{files}/*/metadata.json", "s3:PutObject", effect="Deny"),
        ]
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(sid: str, resource: str, *actions: str, effect: str = "Allow") -> dict[str, Any]:
    action = actions[0] if len(actions) == 1 else list(actions)
    return {"Sid": sid, "Effect": effect, "Action": action, "Resource": resource}


def literal(name: str) -> str:
    """A name as a policy means it word for word: `*`, `?` and `$` in it are no wildcards and no variables."""
    return _WILD.sub(lambda found: f"${{{found[0]}}}", name)


def policy_name(prefix: str, repo: str) -> str:
    """Name of the inline policy for one repository: of what IAM allows in a name."""
    return re.sub(r"[^A-Za-z0-9+=,.@_-]", "-", f"{NAME}-{prefix}{repo}")[:128]


def same_policy(one: Policy | None, other: Policy) -> bool:
    """True for the same rights, however a server writes lists of one and their order."""
    try:
        return one is not None and _plain(one) == _plain(other)
    except _TooDeepError:
        return False


class _TooDeepError(ValueError):
    pass


def _plain(value: Any, depth: int = MOST_DEEP) -> Any:
    if not depth:
        raise _TooDeepError
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = sorted((_plain(item, depth - 1) for item in value), key=repr)
        return items[0] if len(items) == 1 and not isinstance(items[0], dict) else items
    return value


def batch_role(bucket: str) -> str:
    """Name of the role that does batch jobs on a bucket, of what IAM allows in a name."""
    return f"{NAME}-batch-{re.sub('[^A-Za-z0-9_.-]', '-', bucket)}"[:64]


BATCH_TRUST: Policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "batchoperations.s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
"""Policy that lets S3 Batch Operations take a role."""


def batch_policy(bucket: str, prefix: str, region: str = "") -> Policy:
    """Rights of the role that does batch jobs: to read, thaw and tag archives, and to write its reports."""
    where = arn_of(bucket, region)
    below, own = f"{where}/{literal(prefix)}*", f"{where}/{literal(prefix)}.s3sync/batch/*"
    deeds = ["s3:RestoreObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _statement("ReadThawAndTag", below, "s3:GetObject", "s3:GetObjectVersion", *deeds),
            _statement("WriteReports", own, "s3:PutObject"),
        ],
    }


def batch_user_policy(bucket: str, region: str = "") -> Policy:
    """Rights of whoever begins batch jobs: to make and follow them, and to pass the role to S3 Batch alone."""
    partition = arn_of(bucket, region).split(":")[1]
    passes = _statement("PassTheRole", f"arn:{partition}:iam::*:role/{batch_role(bucket)}", "iam:PassRole")
    passes["Condition"] = {"StringEquals": {"iam:PassedToService": "batchoperations.s3.amazonaws.com"}}
    jobs = _statement("MakeAndFollowJobs", "*", "s3:CreateJob", "s3:DescribeJob")
    return {"Version": "2012-10-17", "Statement": [jobs, passes]}


def user_reason(name: str) -> str | None:
    """Reason why IAM can have no user of this name; None when it can."""
    if _USER.fullmatch(name):
        return None
    return "an IAM user's name has 1 to 64 letters, digits and + = , . @ _ -"


def arn_of(bucket: str, region: str) -> str:
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return f"arn:{partition}:s3:::{bucket}"

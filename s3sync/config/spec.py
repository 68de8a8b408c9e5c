"""Table of all settings: what each may hold, where it may stand, its default, and how it is shown.

To add a setting, add its `Key` to `KEYS` and its typed field to `Settings`. Everything else follows from the table: the
sources that are read, `s3sync config`, complaints with file and line, and the table in docs/configuration.md, which a
test compares. A setting with keys of its own takes `values.nested` as its check:

    Key("trash", nested({"days": whole(0, 3650)}, into=Trash), "How long deleted files are kept.", repo=True, own=True)

**What a repository holds is written by whoever may commit to it.** A key may stand there (`repo`, `env_file`) only when
the worst value of it harms nobody who runs s3sync in the repository. Settings that name a program, a configuration
file or a credential (`credentials_path`, `credentials_env`), an authority (`ca_bundle`) or a proxy (`proxy`), and those
about the person (`user` in `.s3sync.yaml`, `notify`) or the rights of others (`receipts`), never may: they are for the
user's own file and the process environment. `store`,
`endpoint_url`, `profile` and `kms_key_id` may, because a new one is asked about first
(docs/decisions/0019-trust-on-first-use.md). What lets last copies be destroyed is the user's to say, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from s3sync.config import addresses, schemes, values
from s3sync.config.key import Key
from s3sync.config.litter import OF_SYSTEMS
from s3sync.config.locate import DEFAULT_STAGING
from s3sync.config.rules import (
    COSTS,
    DEFAULT_COSTS,
    DEFAULT_HOOKS,
    DEFAULT_NOTICES,
    DEFAULT_RECEIPTS,
    DEFAULT_TRASH,
    HOOKS,
    NOTICES,
    RECEIPTS,
    TRASH,
    CostRules,
    HookRules,
    NoticeRules,
    ReceiptRules,
    TrashRules,
    both_limits,
)

_UNFINISHED = (
    "*.tmp",
    "~$*",
    ".~lock.*#",
    "*.sw[op]",
    "*.part",
    "*.crdownload",
    "*.opdownload",
    "*.download/",
    "*.!qB",
    ".#*",
)
DEFAULT_IGNORE = (*OF_SYSTEMS, *_UNFINISHED)
"""Files that systems, NAS and programs leave beside people's files, and unfinished ones."""


def _later(module: str, name: str) -> Callable[[object], object]:
    """A check of a module of this room, loaded when the setting is there: whoever only syncs does not wait for it."""

    def check(value: object) -> object:
        return getattr(import_module(f"s3sync.config.{module}"), name)(value)

    return check


KEYS: tuple[Key, ...] = (
    Key(
        "store",
        schemes.store,
        f"Where the files are kept: {' or '.join(f'`{scheme.form}`' for scheme in schemes.SCHEMES.values())}.",
        repo=True,
        variables=("S3SYNC_STORE",),
        env_file=True,
        flag="`--store`",
        mask="address",
        unset="a folder on this computer",
    ),
    Key(
        "provider", values.one_of("s3", "gcs", "azure"), "The cloud that `cloud.bucket` means while there is no store.",
        repo=True, unset="`s3`",
    ),
    Key(
        "repo",
        values.repo,
        "The repository's name in the store.",
        repo=True,
        variables=("S3SYNC_REPO",),
        env_file=True,
        flag="`--repo` (`init`)",
        unset="the root folder's name",
    ),
    Key(
        "project", values.project, "The name in the store of the project that the repository's root is.",
        repo=True, unset="the root folder's name, if the root is a project",
    ),
    Key(
        "region",
        addresses.region,
        "The bucket's AWS region.",
        repo=True,
        variables=("AWS_REGION", "AWS_DEFAULT_REGION"),
        env_file=True,
        flag="`--region` (`init`)",
        unset="the AWS profile's, else `us-east-1`",
    ),
    Key(
        "endpoint_url",
        addresses.endpoint,
        "An S3-compatible store that is not AWS.",
        repo=True,
        variables=("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        flag="`--endpoint` (`init`)",
        mask="address",
        unset="the AWS profile's, else AWS",
    ),
    Key(
        "profile",
        values.profile,
        "The AWS profile with the credentials.",
        repo=True,
        own=True,
        variables=("AWS_PROFILE",),
        env_file=True,
        flag="`--profile`",
        unset="AWS's own order",
    ),
    Key(
        "credentials_path", addresses.credentials_path, "A file with the credential of a store that is not S3.",
        own=True, variables=("S3SYNC_CREDENTIALS_PATH",), unset="the vendor's own login",
    ),
    Key(
        "credentials_env", addresses.variable_name, "The environment variable that holds it.",
        own=True, variables=("S3SYNC_CREDENTIALS_ENV",), unset="the vendor's own login",
    ),
    Key(
        "staging",
        values.staging,
        "The folder of each project whose files are synced.",
        default=DEFAULT_STAGING,
        repo=True,
        variables=("S3SYNC_STAGING",),
        env_file=True,
        unset="`s3-staging`",
    ),
    Key(
        "ignore",
        values.texts,
        "Patterns of files that are not synced, in gitignore syntax.",
        default=DEFAULT_IGNORE,
        repo=True,
        unset="litter of systems and programs, and unfinished files: [the list](#what-is-not-synced)",
    ),
    Key(
        "user",
        values.user,
        "Your name, as the team sees it.",
        own=True,
        variables=("S3SYNC_USER",),
        env_file=True,
        flag="`--user`",
        unset="none: what writes then stops and asks for it",
    ),
    Key(
        "notify",
        addresses.notify,
        "Addresses of [notices](notifications.md).",
        default=(),
        own=True,
        variables=("S3SYNC_NOTIFY",),
        mask="secret",
        unset="none",
    ),
    Key(
        "notices",
        values.nested(NOTICES, into=NoticeRules),
        "Which events are told, and in which words: [notices](notifications.md).",
        default=DEFAULT_NOTICES,
        repo=True,
        own=True,
        unset="all events",
    ),
    Key(
        "transfers",
        values.whole(1, values.MAX_TRANSFERS),
        "The most requests that may run at once, 1 to 256.",
        repo=True,
        own=True,
        flag="`--transfers`",
        unset="256",
    ),
    Key(
        "bwlimit",
        values.as_given,
        "How fast each direction may go.",
        repo=True,
        own=True,
        flag="`--bwlimit`",
        literal=True,
        unset="no limit",
    ),
    Key(
        "sse", values.one_of("AES256", "aws:kms", "aws:kms:dsse"), "Encryption to ask the store for with each upload.",
        repo=True, own=True, unset="what the bucket does by itself",
    ),
    Key(
        "encrypt", values.switch, "Whether files are encrypted before they are sent: [encryption](encryption.md).",
        default=False, repo=True, unset="`no`",
    ),
    Key("kms_key_id", values.kms_key, "The KMS key for `sse: aws:kms`.", repo=True, own=True, unset="the bucket's"),
    Key(
        "storage_class", schemes.file_class, "Class of files that are uploaded from now on: [which](#storage-class).",
        repo=True, own=True, unset="the store's usual one",
    ),
    Key(
        "accelerate", values.switch, "Go through AWS's nearest location: [what it costs](#transfer-acceleration).",
        default=False, repo=True, own=True, unset="no",
    ),
    Key(
        "acl", values.one_of("private", "bucket-owner-read", "bucket-owner-full-control"),
        "A canned ACL for each upload. Public ones are not offered.", repo=True, own=True, unset="none",
    ),
    Key(
        "addressing", values.one_of("auto", "path", "virtual"),
        "Where requests name the bucket: in the path or in the host.",
        repo=True, own=True, unset="`auto`: in the path where there is an `endpoint_url`",
    ),
    Key(
        "offline", values.one_of("fail", "queue"), "What `up` does without a network: [queue](offline.md).",
        default="fail", own=True, unset="`fail`",
    ),
    Key("request_payer", values.one_of("requester"), "Who pays: `requester` is you.", own=True, unset="the owner"),
    Key("ca_bundle", values.plain_text, "A file of authorities to trust.", own=True, unset="the system's"),
    Key("proxy", addresses.proxy, "The HTTP proxy to the store.", own=True, mask="address", unset="the environment's"),
    Key(
        "connect_timeout", values.whole(1, 600), "Seconds that a connection may take.", repo=True, own=True, unset="8",
    ),
    Key(
        "read_timeout", values.whole(5, 3600), "Seconds without a byte after which a request is given up.",
        repo=True, own=True, unset="45, and 300 while sending",
    ),
    Key(
        "retries", values.whole(0, 100), "How often a request is sent again at most.",
        repo=True, own=True, unset="as long as it is worth it, up to 90 s",
    ),
    Key(
        "trash",
        values.nested(TRASH, into=TrashRules),
        "How much the trash keeps of what also exists elsewhere: [trash](#trash).",
        default=DEFAULT_TRASH,
        repo=True,
        own=True,
        own_keys=("last_copies",),
        unset="`{days: 30, size: 20G, last_copies: false}`",
    ),
    Key(
        "hooks",
        values.nested(HOOKS, into=HookRules),
        "What the git hook says of large files in a commit: [git hooks](git-hooks.md).",
        default=DEFAULT_HOOKS,
        repo=True,
        own=True,
        unset="`{large: 10M, refuse_large: false}`",
    ),
    Key(
        "receipts", values.nested(RECEIPTS, into=ReceiptRules),
        "Whether members who may only read count: [receipts](receipts.md#who-may-only-read).",
        default=DEFAULT_RECEIPTS, own=True, unset="`{readers: none}`",
    ),
    Key(
        "archives",
        _later("archives", "sets"),
        "Archive sets by name: [archiving](archive.md).",
        repo=True,
        own=True,
        of_repository=_later("archives", "sets_of_repository"),
        merges=True,
        unset="none",
    ),
    Key(
        "prices",
        _later("prices", "prices"),
        "Prices of a store by region; those of a repository only raise: [costs](costs.md#prices-of-your-own).",
        repo=True,
        own=True,
        of_repository=_later("prices", "prices_of_repository"),
        merges=True,
        unset="the program's list",
    ),
    Key(
        "costs",
        values.nested(COSTS, into=CostRules),
        "The budget of a month in dollars, and the amounts that are told: [costs](costs.md#budget-and-alarms).",
        default=DEFAULT_COSTS, repo=True, own=True, joined=both_limits,
        unset="`{alarms: [5, 10, 20]}`",
    ),
)  # fmt: skip

BY_NAME: Mapping[str, Key] = {key.name: key for key in KEYS}


def checked(name: str, value: object) -> object:
    """The value in its one normal form; checking it again changes nothing. Raises `BadValue`."""
    return BY_NAME[name].check(value)

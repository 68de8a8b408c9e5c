"""Kinds of stores: the one table that says what "S3 or a folder" means.

This half is pure: how an address is read, written and shown, and what is said and asked about a store of its kind. How
one is opened stands in `store/schemes.py`; a test holds that both know the same kinds. Nothing else looks at how an
address begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from s3sync.config.secrets import hidden, looks_secret, mask_url
from s3sync.config.values import MOST_ADDRESS, MOST_BLANKS, BadValue, has_gap, line, secret
from s3sync.core.names import nfc, refuse_folder

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftstorage
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_REMOTE = re.compile(r"[\w.+@][\w.+@ -]{0,63}")
"""Name of a remote in rclone's configuration. Source: https://rclone.org/docs/#valid-remote-names"""
_COLON = re.compile(r"([A-Za-z]+):(?!//)")


_BY_SYNC = "`s3sync sync` always puts there what it replaces, `s3sync up` does not."


class Scheme(Struct, frozen=True):
    """One kind of store.

    `form` is its address as a person writes it. `read` checks what follows `://` and gives back the whole address;
    raises `BadValue`. `mask` is the address as it may be shown. `name` is what output calls the store ("newer on S3"),
    None for "the store". `vendor` is the server where none is named; None where there is no server, and so no region,
    credentials or encryption of its own. `probed`: another server than the vendor's may ignore the conditions of
    writes, which is found out before they are relied on. `is_folder`: the address is a path on this computer.
    `classes`: storage classes from which a file is read at once.
    """

    form: str
    read: Callable[[str], str]
    mask: Callable[[str], str] = mask_url
    name: str | None = None
    vendor: str | None = None
    probed: bool = False
    is_folder: bool = False
    classes: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()
    """Domains in which only the vendor has a name: the token of a login is shown to no other server."""
    has_open_parts: bool = False
    """True if anybody who may write there may put other bytes in the place of a part, as long as nothing is made of it
    yet, and the whole does not tell."""
    by_remote: bool = False
    """True if the address is `kind:REMOTE:path`: a remote that the user has set up himself."""
    to_keep: str = ""
    """Words on what has a bucket keep versions. Fields as in `on_versions`."""
    kept_else: str = _BY_SYNC
    """Words on other older versions, where s3sync reads none of the store's own."""
    right_to_versions: str = ""
    """Right without which nobody lists versions."""

    @property
    def has_server(self) -> bool:
        return self.vendor is not None

    def takes_tokens(self, endpoint: str | None) -> bool:
        """True if a server is the vendor's own, by its name and encrypted. None is the one that needs no name."""
        if endpoint is None:
            return True
        from urllib.parse import urlsplit  # no start waits for it

        host = (urlsplit(endpoint).hostname or "").lower()
        return endpoint.lower().startswith("https://") and any(host.endswith(f".{one}") for one in self.own_domains)

    @property
    def there(self) -> str:
        """Place of something that is in the store, in words: "on S3"."""
        return f"on {self.name}" if self.name else "in the store"


def _bucket(rest: str) -> str:
    return _address(rest, "s3", "use AWS_PROFILE, or the AWS_* keys in the environment")


def _google_bucket(rest: str) -> str:
    return _address(rest, "gs", "use `gcloud auth application-default login`, or the setting credentials_path")


def _address(rest: str, kind: str, login: str) -> str:
    """The address of a bucket and a prefix in it. `login`: where a credential belongs instead."""
    if "@" in rest:
        raise BadValue("credentials do not belong in the store's address", login)
    if "?" in rest or "#" in rest:
        raise BadValue(
            "the store's address takes no '?' and no '#'", "region and endpoint_url are settings of their own"
        )
    bucket, _, prefix = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise BadValue(f"{hidden(bucket)!r} is not a bucket's name", f"write {kind}://bucket/prefix")
    prefix = nfc(prefix).strip("/")
    problem = refuse_folder(prefix) if prefix else None
    if problem:
        raise BadValue(f"the prefix {hidden(prefix)!r} cannot be used: {problem}")
    if len(rest) > MOST_ADDRESS:
        raise BadValue(f"the address has more than {MOST_ADDRESS} characters", "use a shorter prefix")
    return bucket_url(bucket, prefix, kind)


def _container(rest: str) -> str:
    form = "write az://account/container/prefix"
    if "@" in rest or "?" in rest or "#" in rest:
        raise BadValue(
            "credentials do not belong in the store's address", "set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN"
        )
    account, _, below = rest.partition("/")
    container, _, prefix = below.partition("/")
    if not _ACCOUNT.fullmatch(account):
        raise BadValue(f"{hidden(account)!r} is not a storage account's name", form)
    if not _CONTAINER.fullmatch(container):
        raise BadValue(f"{hidden(container)!r} is not a container's name", form)
    prefix = nfc(prefix).strip("/")
    problem = refuse_folder(prefix) if prefix else None
    if problem:
        raise BadValue(f"the prefix {hidden(prefix)!r} cannot be used: {problem}")
    if len(rest) > MOST_ADDRESS:
        raise BadValue(f"the address has more than {MOST_ADDRESS} characters", "use a shorter prefix")
    return f"az://{account}/{container}/{prefix}" if prefix else f"az://{account}/{container}"


def _folder(rest: str) -> str:
    rest = rest.removeprefix("localhost") if rest.startswith("localhost/") else rest
    hint = "write file:///path/to/folder, or file://~/folder for one in your home"
    if rest == "~" or rest.startswith("~/"):
        home = Path.home().as_posix()
        rest = (home if home.startswith("/") else f"/{home}") + rest[1:]
    if not rest.startswith("/"):
        raise BadValue("the path of a folder store must be absolute", hint)
    if re.search(r"%[0-9A-Fa-f]{2}", rest):
        raise BadValue("percent escapes in a folder's path are ambiguous", "write the path as it is on the disk")
    parts = [part for part in rest.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise BadValue("a folder store needs the plain path of a folder, without '..'", hint)
    return folder_url("/" + "/".join(parts))


def _remote(rest: str) -> str:
    name, colon, path = rest.partition(":")
    hint = "write rclone:REMOTE:path, with a name that `rclone listremotes` shows"
    if not name or not colon:
        raise BadValue("an rclone store needs a remote of your rclone configuration", hint)
    if not _REMOTE.fullmatch(name) or name != name.strip() or "," in name or "=" in name:
        raise BadValue(f"{hidden(name)!r} is not the name of an rclone remote", hint)
    names = [one for one in nfc(path).split("/") if one]
    if ".." in names or "." in names or "]" in path or not path.isprintable():
        raise BadValue("the path on an rclone remote takes no '.', no '..' and no ']'", hint)
    if len(rest) > MOST_ADDRESS:
        raise BadValue(f"the address has more than {MOST_ADDRESS} characters", "use a shorter path")
    return f"rclone:{name}:{'/' if path.startswith('/') else ''}{'/'.join(names)}"


def remote_of(url: str) -> tuple[str, str]:
    """The remote's name and the path in it, of the address of an rclone store."""
    name, _, path = url.removeprefix("rclone:").partition(":")
    return name, path


def bucket_url(bucket: str, prefix: str = "", kind: str = "s3") -> str:
    """The address of a bucket, or of a prefix in it."""
    return f"{kind}://{bucket}/{prefix}" if prefix else f"{kind}://{bucket}"


def folder_url(path: str) -> str:
    """The address of a folder whose path has `/` between names, as the settings write it: without escapes."""
    return f"file://{path}" if path.startswith("/") else f"file:///{path}"


_S3_CLASSES = ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR")
_GOOGLE_CLASSES = ("STANDARD", "NEARLINE", "COLDLINE")
"""ARCHIVE, which bills a year at least, is for projects that have ended."""

# https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-endpoints
_AZURES = (
    "blob.core.windows.net", "blob.storage.azure.net", "blob.core.usgovcloudapi.net", "blob.core.chinacloudapi.cn",
)  # fmt: skip

SCHEMES: dict[str, Scheme] = {
    "s3": Scheme(
        "s3://bucket[/prefix]",
        _bucket,
        name="S3",
        vendor="AWS",
        probed=True,
        classes=_S3_CLASSES,
        to_keep="`s3sync setup bucket --enable-versioning` has it keep what is replaced from now on.",
        right_to_versions="s3:ListBucketVersions",
    ),
    "gs": Scheme(
        "gs://bucket[/prefix]",
        _google_bucket,
        name="Google Cloud",
        vendor="Google Cloud",
        classes=_GOOGLE_CLASSES,
        own_domains=("googleapis.com",),
        # https://cloud.google.com/storage/docs/soft-delete: it keeps what was overwritten, too
        to_keep="`gcloud storage buckets update {bucket} --versioning` has it keep what is replaced from now on. What "
        "went in the last seven days Google's soft delete may still hold: `gcloud storage ls --soft-deleted {object}` "
        "shows it.",
        right_to_versions="storage.objects.list",
    ),
    "az": Scheme(
        "az://account/container[/prefix]",
        _container,
        name="Azure",
        vendor="Azure",
        classes=("Hot", "Cool", "Cold"),
        own_domains=_AZURES,
        has_open_parts=True,
        kept_else="Those that the account keeps, if it does, Azure's own tool shows: `az storage blob list "
        "--account-name {account} --container-name {container} --include dv --prefix {name}`.",
    ),
    "file": Scheme("file:///path", _folder, is_folder=True, mask=str),
    "rclone": Scheme(
        "rclone:REMOTE:path",
        _remote,
        mask=str,
        by_remote=True,
        kept_else=f"{_BY_SYNC} What the service itself keeps of a file (Dropbox and Drive do) its own website shows.",
    ),
}
_UNKNOWN = Scheme("", lambda rest: rest, vendor="AWS")
"""Kind of store that a newer version may have written down: all of its place is shown."""

USAGE = " or ".join(scheme.form for scheme in SCHEMES.values())


def name_of_scheme(url: str) -> str:
    """Word before `://`, or before the `:` of `rclone:`, in small letters; empty where there is none."""
    scheme, colon, _ = url.partition("://")
    if found := _COLON.match(url):
        known = SCHEMES.get(found[1].lower())
        return found[1].lower() if known is not None and known.by_remote else ""
    return scheme.lower() if colon else ""


def scheme_of(url: str) -> Scheme:
    """The kind of a store by its address."""
    return SCHEMES.get(name_of_scheme(url), _UNKNOWN)


def is_on_aws(url: str, endpoint_url: str | None) -> bool:
    """True if a store is a bucket on AWS itself, whose prices, classes and times are those that AWS publishes."""
    return endpoint_url is None and scheme_of(url).vendor == "AWS"


def prefix_of(url: str) -> str:
    """The prefix in an address, behind its bucket, or its account and container; empty where there is none."""
    rest = url.partition("://")[2]
    if name_of_scheme(url) == "az":
        rest = rest.partition("/")[2]
    return rest.partition("/")[2].strip("/")


def on_versions(template: str, url: str, key: str) -> str:
    """Words of a kind on old versions, for the object `key` of a store: a command in them can be typed as it is."""
    from s3sync.core.typed import typed

    head, _, rest = url.partition("://")
    account, _, container = rest.partition("/")
    container = container.partition("/")[0]
    name = "/".join(part for part in (prefix_of(url), key) if part)
    return template.format(
        bucket=typed(f"{head}://{account}"),
        object=typed(f"{head}://{account}/{name}"),
        account=typed(account),
        container=typed(container),
        name=typed(name),
    )


def store(value: object) -> str:
    """The check of the setting `store`: an address in its one spelling. Raises `BadValue`."""
    text = line(value).strip()
    kind, colon, rest = text.partition(":" if name_of_scheme(text) and _COLON.match(text) else "://")
    scheme = SCHEMES.get(kind)
    parts = rest.split("/") if scheme and scheme.is_folder else (text, rest, rest.partition("/")[2])
    if any(map(looks_secret, parts)):
        raise secret()
    if has_gap(text):
        raise BadValue(f"it has more than {MOST_BLANKS} blanks in a row", "use a path without them")
    if not colon:
        raise BadValue(f"{hidden(mask_url(text))!r} is not an address", f"write {_examples()}")
    if scheme is None:
        raise BadValue(f"there is no store of the kind {hidden(kind) + '://'!r}", _nearest(kind))
    return scheme.read(rest)


_TO_THAW = ("GLACIER", "DEEP_ARCHIVE", "FLEXIBLE_RETRIEVAL", "GLACIER_FLEXIBLE_RETRIEVAL", "ARCHIVE")


def file_class(value: object) -> str:
    """The check of the setting `storage_class`: a class from which files are read at once. Raises `BadValue`."""
    text = line(value).strip().upper()
    if text in _TO_THAW:
        raise BadValue(
            f"files in {text} cannot be read before they are thawed, and those of a project are in use",
            "archive projects that have ended: s3sync archive init",
        )
    known = list(dict.fromkeys(name for scheme in SCHEMES.values() for name in scheme.classes))
    found = next((name for name in known if name.upper() == text), None)
    if found is None:
        raise BadValue(f"{hidden(line(value))!r} is no class of a store", f"the classes are {', '.join(known)}")
    return found


def _examples() -> str:
    return USAGE.replace("[", "").replace("]", "")


def _nearest(kind: str) -> str:
    import difflib

    near = difflib.get_close_matches(kind.casefold(), SCHEMES, 1, 0.5)
    return f"did you mean '{_head(near[0])}'?" if near else f"use {' or '.join(map(_head, SCHEMES))}"


def _head(name: str) -> str:
    return f"{name}:" if SCHEMES[name].by_remote else f"{name}://"

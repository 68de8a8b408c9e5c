"""Place that is agreed to as a whole: the repository here, the store and the name in it, its server, who signs, and a
key that encrypts."""

from __future__ import annotations

import re
import stat
from pathlib import Path, PurePath

from msgspec import Struct

from s3sync.config import Settings, is_of_repository, mask_url
from s3sync.config.hosts import is_loopback
from s3sync.config.locate import REPO_FILE, exists
from s3sync.config.schemes import scheme_of
from s3sync.core.names import nfc
from s3sync.disk.confined import others_may_swap
from s3sync.disk.guarded import GuardedFolder
from s3sync.gitconfig import git_folder, is_of_others, remote_name

_APART = re.compile(r"cn-|us-gov-|[a-z]+-iso|eusc-")
"""Regions of AWS in which a bucket's name may belong to somebody else than in all others: partitions of their own."""


KEYS_OF_REPOSITORY = "the keys in .video-tools.env"
ANY_STORE = ""
"""`store` of a place that is a name alone: in whichever store the user names himself."""


class Place(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Place where a clone's files go. `repository` is its folder, so that a moved or second clone asks again.

    The addresses have no login. `endpoint` is None for AWS and for a folder; `profile` when no profile signs; `kms_key`
    when nobody names one: whoever owns the key can make everything unreadable that was encrypted with it.

    `name` is the repository's name in the store where a file of the repository gives it another one than its folder
    has, and where its folder came with a repository around it: under it lie the files of others. In the default store
    it is always said. `repository_keys` says that the keys
    come with the repository: what else signs is the user's own.

    With `ANY_STORE` it is a name alone: the user names the store, and a file of the repository its name there.

    `database_of`: `store` is no store, but the database that this archive set asks, and `statements` is a digest of the
    statements that it runs there.
    """

    repository: str
    store: str
    endpoint: str | None = None
    profile: str | None = None
    kms_key: str | None = None
    name: str | None = None
    repository_keys: bool = False
    database_of: str | None = None
    statements: str | None = None

    @property
    def is_name(self) -> bool:
        """True for a name alone, in a store that the user names himself."""
        return self.store == ANY_STORE

    @property
    def unencrypted(self) -> bool:
        """True if requests go over plain http to another computer."""
        return self.endpoint is not None and self.endpoint.startswith("http://") and not is_loopback(self.endpoint)

    @property
    def destination(self) -> str:
        """The place in a sentence, as `s3://team at https://s3.example.com with your AWS profile prod`."""
        name = f" under the name {self.name}" if self.name else ""
        if self.is_name:
            return f"any store that you name{name}"
        server = f" at {self.endpoint}" if self.endpoint else ""
        signer = f" with your AWS profile {self.profile}" if self.profile else ""
        signer = f" with {KEYS_OF_REPOSITORY}" if self.repository_keys else signer
        key = f", encrypted with the KMS key {self.kms_key}" if self.kms_key else ""
        return f"{self.store}{name}{server}{signer}{key}"

    @property
    def signer(self) -> str:
        if self.repository_keys:
            return KEYS_OF_REPOSITORY
        vendor = scheme_of(self.store).vendor or "AWS"
        return f"your AWS profile {self.profile}" if self.profile else f"your own {vendor} credentials"

    def _signers(self, before: Place) -> tuple[str, str, str]:
        if self.repository_keys or before.repository_keys:
            return "what signs", before.signer, self.signer
        return "the AWS profile", before.profile or "none", self.profile or "none"

    def changes_since(self, before: Place) -> list[str]:
        """The differences in words. A folder had no server and no profile: a move from one names the store alone."""
        if self.is_name:
            return [f"the name was {before.name}"]
        vendor = scheme_of(before.store).vendor
        if before.store != self.store and vendor is None:
            return [f"the store was {before.store}"]
        parts = (
            ("the store", before.store, self.store),
            ("the server", before.endpoint or vendor, self.endpoint or vendor),
            self._signers(before),
            ("the KMS key", before.kms_key or "none", self.kms_key or "none"),
            ("the name there", before.name or "the folder's", self.name or "the folder's"),
        )
        return [f"{what} was {old}" for what, old, new in parts if old != new]


def name_in_store(place: Place) -> str:
    """The repository's name in the store: its folder's, unless another was given."""
    return place.name or nfc(PurePath(place.repository).name)


def place_of(settings: Settings) -> Place:
    """The place that these settings name. In the user's own default store the name alone tells repositories apart."""
    if settings.store_is_default:
        return Place(repository=str(settings.root or ""), store=settings.store, name=settings.repo)
    scheme = scheme_of(settings.store)
    on_server, is_aws = scheme.has_server, scheme.vendor == "AWS"
    return Place(
        repository=str(settings.root or ""),
        store=scheme.mask(settings.store),
        endpoint=_server(settings) if on_server else _remote(settings),
        profile=settings.profile if is_aws and settings.credentials == "profile" else None,
        kms_key=settings.kms_key_id if is_aws else None,
        name=settings.repo if is_given(settings) else None,
        repository_keys=is_aws and settings.credentials == "keys" and is_of_repository(_origin_of_keys(settings)),
    )


def given_name(settings: Settings) -> Place | None:
    """The name in the store as a place of its own; None for the clone's own: of its folder, or of its git remote.

    Both are what the user typed or chose when the clone was made; the files of the repository choose neither. Not where
    it came with another repository, whose committers chose both; nor the name of a folder that another user may rename,
    nor the remote's in a git folder that he made.
    """
    root = settings.root
    if root is None or not (is_given(settings) or (not _says_name(settings) and others_may_swap(root))):
        return None
    if settings.repo == remote_name(root) and not came_along(root) and not is_of_others(root):
        return None
    return Place(repository=str(root), store=ANY_STORE, name=settings.repo)


def is_renamed_at_will(root: Path) -> bool:
    """True if another user can rename a repository's folder, and its disk is none of those (exFAT) that say so of each,
    by the modes they were mounted with."""
    if not others_may_swap(root):
        return False
    try:
        with GuardedFolder.open(root, shared=True) as folder:
            return folder.keeps_modes()
    except OSError:
        return True


def came_along(root: Path) -> bool:
    """True if whoever commits to a repository around this one chose the name of its folder: it is a submodule, or a
    folder with settings in it. Git checks out no git folder, and no worktree: these the user made."""
    try:
        own = stat.S_ISDIR((root / ".git").lstat().st_mode) or exists(git_folder(root) / "commondir")
    except (OSError, ValueError):
        own = False
    return not own and any(exists(folder / name) for folder in root.parents for name in (".git", REPO_FILE))


def _says_name(settings: Settings) -> bool:
    """True if the user said the repository's name in person."""
    origin = settings.origins.get("repo", "default")
    return not origin.startswith("default") and not is_of_repository(origin)


def is_given(settings: Settings) -> bool:
    """True if a file of the repository gives it another name than its folder has, or somebody else named that."""
    root, origin = settings.root, settings.origins.get("repo", "default")
    if root is None:
        return False
    if is_of_repository(origin) and settings.repo != nfc(root.name):
        return True
    return (origin == "default" or is_of_repository(origin)) and came_along(root)


def _remote(settings: Settings) -> str | None:
    """Remote of the user's rclone that the store is on, with its type: it may become another one under its name."""
    if not scheme_of(settings.store).by_remote:
        return None
    from s3sync.config.remotes import remote_shown

    return remote_shown(settings.store, settings.env)


def is_apart(region: str | None) -> bool:
    """True if a region is of a partition of AWS of its own."""
    return region is not None and _APART.match(region) is not None


def _server(settings: Settings) -> str | None:
    """The server, None for AWS as most know it."""
    if settings.endpoint_url:
        server = mask_url(settings.endpoint_url)
        if settings.addressing == "virtual" and is_loopback(server):  # the host that is asked is another one then
            bucket = settings.store.partition("://")[2].partition("/")[0]
            return server.replace("://", f"://{bucket}.", 1)
        return server
    if scheme_of(settings.store).vendor != "AWS":
        return None
    return f"AWS in {settings.region}" if is_apart(settings.region) else None


def _origin_of_keys(settings: Settings) -> str:
    return settings.origins.get("AWS_ACCESS_KEY_ID", "")

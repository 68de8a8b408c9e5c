"""The public Python API of a repository's key: make it, wrap it for members, take it to a computer, and keep a copy."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from s3sync.config import Settings, load_settings
from s3sync.config.leading import end_of
from s3sync.config.secrets import looks_secret
from s3sync.connect import connect
from s3sync.core.typed import typed
from s3sync.disk.current import named_folder
from s3sync.disk.durable import write_all
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ConfigError, Halt, LocalError, ProjectError, StoreError, UsageError, declined
from s3sync.keys import members
from s3sync.keys.opening import FROM_A_COPY
from s3sync.keys.own import keep_key, own_identity, read_key
from s3sync.keys.wrapping import recipient_of
from s3sync.store.port import Store
from s3sync.store.sealed.keys import SECRET_BYTES, RepositoryKey

_EXPORT = "s3sync-key-1"
_MOST_BYTES = 16 * 1024


class KeyReport(Struct, frozen=True):
    """Outcome of a command on keys. `key_id`: that of the key here. `named`: the one that the store names."""

    repo: str
    store: str
    dry_run: bool = False
    key_id: str | None = None
    named: str | None = None
    public_key: str | None = None
    member: str | None = None
    file: str | None = None
    members: tuple[members.Member, ...] = ()


class KeyRing(Struct, frozen=True):
    """The keys of the repository around a folder. Every method raises an `S3syncError`."""

    settings: Settings
    store: Store

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        flags: Mapping[str, str | None],
        environ: Mapping[str, str] | None = None,
    ) -> KeyRing:
        settings = load_settings(named_folder(path), flags=flags, environ=os.environ if environ is None else environ)
        return cls(settings, connect(settings, sealed=False))

    def _require_repository(self) -> None:
        """Raise `ProjectError` outside of one: a key is that of a repository."""
        if self.settings.root is None:
            raise ProjectError(
                "this folder is in no git repository",
                why="a key is that of a repository",
                hint="go into your clone of the team's repository",
            )

    def _report(self, **more: object) -> KeyReport:
        return KeyReport(self.settings.repo, self.store.url, **more)  # type: ignore[arg-type]

    def _require_wanted(self) -> None:
        self._require_repository()
        if not self.settings.encrypt:
            raise ConfigError(
                f"{self.settings.repo} is not to be encrypted",
                why="no file says `encrypt: yes`",
                hint="run `s3sync config set --repo encrypt yes`, or write it into .s3sync.yaml, and commit that",
            )

    def _key(self) -> RepositoryKey:
        self._require_repository()
        key = read_key(self.settings)
        if key is None:
            raise Halt(
                f"the key of {self.settings.repo} is not on this computer",
                why="only whoever has it can give it on",
                hint=f"`s3sync keys import` takes what a member wrapped for you; {FROM_A_COPY}",
            )
        return key

    def create(self, *, dry_run: bool = False) -> KeyReport:
        """Make the key, keep it here, and wrap it for this user."""
        self._require_wanted()
        user, settings = self.settings.require_user(), self.settings
        if read_key(settings) is not None:
            raise Halt(f"{settings.repo} has a key, and it is here", hint="`s3sync keys list` shows it")
        if dry_run:
            members.require_new(self.store, settings.repo)
            return self._report(dry_run=True, member=user)
        recipient = recipient_of(own_identity(settings.env, create=True) or "")
        key = members.create_key(self.store, settings.repo, user, recipient)
        keep_key(settings, key)
        return self._report(key_id=key.id.hex(), named=key.id.hex(), member=user)

    def me(self) -> KeyReport:
        """The user's own public key, made if need be."""
        return self._report(public_key=recipient_of(own_identity(self.settings.env, create=True) or ""))

    def add(self, member: str, recipient: str, *, dry_run: bool = False) -> KeyReport:
        """Wrap the key for a member."""
        key, name = self._key(), members.checked_name(member)
        members.add_member(self.store, self.settings.repo, key, name, recipient, dry_run=dry_run)
        return self._report(dry_run=dry_run, key_id=key.id.hex(), member=name)

    def remove(self, member: str, confirm: Callable[[str], bool], *, dry_run: bool = False) -> KeyReport:
        """Delete what was wrapped for a member, after `confirm`. Raises `Halt` where that may be the last copy."""
        self._require_repository()
        members.require_member(self.store, self.settings.repo, member)
        if members.may_be_last(self.store, self.settings.repo, member, read_key(self.settings)):
            raise Halt(
                f"what is wrapped for {member} may be the last copy of the key",
                why="the key is not on this computer, and what the store has for others may be no copy of it: without "
                "it the files are lost",
                hint=f"take it here first: `s3sync keys import`, or {FROM_A_COPY}; or have a member who has it remove "
                f"{member}",
            )
        if not dry_run:
            if not confirm(member):
                raise declined(f"the key of {member} was not removed")
            members.remove_member(self.store, self.settings.repo, member)
        return self._report(dry_run=dry_run, member=member)

    def listed(self) -> KeyReport:
        """The members, and which keys there are."""
        self._require_repository()
        key, repo = read_key(self.settings), self.settings.repo
        named = members.current_id(self.store, repo)
        found = members.list_members(self.store, repo)
        return self._report(key_id=None if key is None else key.id.hex(), named=named, members=tuple(found))

    def export(self, file: Path, *, dry_run: bool = False) -> KeyReport:
        """Write the key to a new file outside of the repository: in it, the next commit or `up` would take it along."""
        key, where, root = self._key(), file.expanduser(), self.settings.root
        if os.path.lexists(where):
            raise UsageError(f"{file} is there already", hint="name a new file: nothing is written over")
        parent = end_of(where.parent.absolute(), str(file))
        if root is not None and parent.is_relative_to(root):
            raise UsageError(
                f"{file} lies in the repository",
                why="git or `s3sync up` would take the key along with the files",
                hint="name a file elsewhere, as ~/NAME.s3sync-key",
            )
        if not dry_run:
            text = f"{_EXPORT} {b64encode(key.secret).decode()} {self.settings.repo}\n"
            with local_errors("cannot write", file), GuardedFolder.open(parent, shared=True, straight=True) as folder:
                _put_new(folder, where.name, text.encode())
        return self._report(dry_run=dry_run, key_id=key.id.hex(), file=str(file))

    def take(
        self,
        file: Path | None,
        identity: Path | None,
        key_id: str | None,
        confirm: Callable[[str], bool],
        *,
        dry_run: bool = False,
    ) -> KeyReport:
        """Take the key to this computer, after `confirm` compared its id, or where `key_id` says it. That of a file
        needs neither, unless the store names another one."""
        settings = self.settings
        self._require_wanted()
        key = self._wrapped(identity) if file is None else _exported(file, settings.repo)
        here, found = read_key(settings), key.id.hex()
        if here is not None and here.id != key.id:
            raise Halt(
                f"another key of {settings.repo} is on this computer",
                why=f"it is {here.id.hex()}, and this one is {found}: what was sent with the first needs the first",
                hint="ask the others which one is right: compare `s3sync keys list`",
            )
        if key_id is not None and key_id.strip().lower() != found:
            raise Halt("this is not the key that you named", why=f"its id is {found}", hint="ask who gave you the id")
        if file is not None and key_id is None and here is None:
            self._refuse_unnamed(file, found)
        if not dry_run and here is None:
            if file is None and key_id is None and not confirm(found):
                raise Halt(
                    "the key was not taken",
                    why=f"nobody said that {found} is the right one",
                    hint=f"where a member's `s3sync keys list` says the same: `s3sync keys import --id {found}`",
                )
            keep_key(settings, key)
        return self._report(dry_run=dry_run, key_id=found)

    def _refuse_unnamed(self, file: Path, found: str) -> None:
        """Raise `Halt` for the key of a file where the store names another: what is begun with it the members cannot
        read, and whoever made that file can. A store that does not answer, or names none, says nothing: who writes
        there keeps nobody from a copy of the key."""
        try:
            named = members.current_id(self.store, self.settings.repo)
        except StoreError:
            return
        if named not in (None, found):
            raise Halt(
                f"{typed(file)} holds another key than the one that the store names",
                why=f"it is {found}, and the store's is {named}: with it you would send what the others cannot read",
                hint=f"ask the others which one is right; this one is taken with --id {found}",
            )

    def _wrapped(self, identity: Path | None) -> RepositoryKey:
        user, repo = self.settings.require_user(), self.settings.repo
        text = _read(identity) if identity is not None else own_identity(self.settings.env, create=False)
        if members.current_id(self.store, repo) is None:
            raise Halt(f"{repo} has no key in the store", hint="the first of the team runs `s3sync keys create`")
        key = members.fetch_key(self.store, repo, user, text) if text else None
        if key is None:
            raise Halt(
                f"no key of {repo} is wrapped for {user} that can be opened here",
                why="nobody added you yet, or for another identity",
                hint="run `s3sync keys me`, and have a member run `s3sync keys add` with your name and what it prints; "
                f"for an SSH key name its file with --identity; {FROM_A_COPY}",
            )
        return key


def _read(path: Path) -> str:
    where = path.expanduser()
    try:
        with GuardedFolder.open(os.path.realpath(where.parent), shared=True) as folder:
            return folder.read(where.name, _MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        if looks_secret(where.name):  # pasted where the file that holds it belongs: said back, it would be in every log
            hint = "write it into a file that only you may read, and name that"
            raise UsageError("what was typed looks like a key itself, and is no file's name", hint=hint) from None
        why = (error.strerror or str(error)) if isinstance(error, OSError) else "it is no text"
        raise LocalError(f"cannot read {typed(where)}", why=why) from None


def _put_new(folder: GuardedFolder, name: str, body: bytes) -> None:
    """A new file, whole or not there: a part of one would be refused as "there already" next time, and pass for the
    copy. Raises `OSError`."""
    descriptor = folder.create(name, 0o600)
    try:
        try:
            write_all(descriptor, body)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        folder.unlink(name, missing_ok=True)
        raise
    folder.sync()


def _exported(file: Path, repo: str) -> RepositoryKey:
    parts = _read(file).strip().split(" ", 2)
    try:
        if len(parts) != 3 or parts[0] != _EXPORT:
            raise ValueError
        secret = b64decode(parts[1], validate=True)
        if len(secret) != SECRET_BYTES:
            raise ValueError
    except ValueError:
        raise UsageError(f"{file} is no exported key", hint="it is what `s3sync keys export` wrote") from None
    if parts[2] != repo:
        raise UsageError(f"{file} is the key of another repository", why=f"it is for {parts[2][:80]!r}, not {repo!r}")
    return RepositoryKey(secret)

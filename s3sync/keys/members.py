"""The members' wrapped keys in the store: `<repo>/.s3sync/keys/<key id>/<member>.age`, and `current`, its id.

All of it is what somebody wrote to the store: names and sizes are bounded, and a key counts once the user agreed to it.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import datetime
from hashlib import md5
from itertools import islice
from urllib.parse import quote, unquote

from msgspec import Struct

from s3sync.config.spec import checked
from s3sync.config.values import BadValue
from s3sync.core.names import STATE_DIR
from s3sync.core.sealed import KEY_ID_BYTES, KEYS, current_key
from s3sync.errors import Halt, NotAuthentic, NotFound, PreconditionFailed, UsageError
from s3sync.keys.wrapping import MOST_BYTES, WRAP_AGAIN, unwrap, wrap
from s3sync.store.port import Create, Headers, Overwrite, Store
from s3sync.store.sealed.keys import SECRET_BYTES, RepositoryKey

MOST_MEMBERS = 500
_ID = re.compile(rf"[0-9a-f]{{{2 * KEY_ID_BYTES}}}")
_HEADERS = Headers(content_type="application/octet-stream")


class Member(Struct, frozen=True):
    """A member for whom a key is wrapped, and when."""

    name: str
    key_id: str
    at: datetime


def keys_prefix(repo: str) -> str:
    return f"{repo}/{STATE_DIR}/{KEYS}/"


def current_id(store: Store, repo: str) -> str | None:
    """The id of the key that the store names; None where there is none. Raises `NotAuthentic` for what is no id."""
    try:
        with store.get(current_key(repo), stop=MOST_BYTES) as reader:
            text = b"".join(bytes(chunk) for chunk in islice(reader, 64))[:MOST_BYTES]
    except NotFound:
        return None
    found = text.decode(errors="replace").strip()
    if not _ID.fullmatch(found):
        raise NotAuthentic(
            "the store does not say which key this repository has",
            why=f"{current_key(repo)} holds no id of one",
            hint="`s3sync keys add` writes it anew where the key is known",
        )
    return found


def list_members(store: Store, repo: str) -> list[Member]:
    """Members for whom a key is wrapped, by name. Raises `StoreError`."""
    prefix, found = keys_prefix(repo), []
    for info in islice(store.list(prefix), MOST_MEMBERS):
        key_id, _, name = info.key.removeprefix(prefix).partition("/")
        if _ID.fullmatch(key_id) and name.endswith(".age") and "/" not in name:
            found.append(Member(unquote(name.removesuffix(".age"), errors="replace"), key_id, info.modified))
    return sorted(found, key=lambda one: (one.name, one.key_id))


def require_new(store: Store, repo: str) -> None:
    """Raise `Halt` where the repository has a key, or where files lie there that are not encrypted."""
    if current_id(store, repo) is not None or list_members(store, repo):
        raise Halt(
            "this repository has a key already",
            why="another one would make what is there unreadable to everybody",
            hint="`s3sync keys import` takes it",
        )
    plain = next((info.key for info in store.list(f"{repo}/") if info.size), None)
    if plain is not None:
        raise Halt(
            "encryption begins with an empty repository",
            why=f"{plain} is in the store already, and not encrypted",
            hint="give the repository another name with `s3sync config set --repo repo NAME`, create the key, and run "
            "`s3sync up`; what is there stays as it is",
        )


def create_key(store: Store, repo: str, user: str, recipient: str) -> RepositoryKey:
    """Make the key of a repository that has none and nothing in the store yet, wrapped for this user.

    Raises `Halt` as `require_new` does.
    """
    require_new(store, repo)
    key = RepositoryKey(os.urandom(SECRET_BYTES))
    wrapped = wrap(key, repo, recipient)  # before anything is written: the recipient may be none
    try:
        _put(store, current_key(repo), key.id.hex().encode(), Create())
    except PreconditionFailed:
        raise Halt(
            "somebody else made a key for this repository just now", hint="`s3sync keys import` takes it"
        ) from None
    _put(store, member_key(repo, key.id.hex(), user), wrapped, Overwrite())
    return key


def member_key(repo: str, key_id: str, member: str) -> str:
    return f"{keys_prefix(repo)}{key_id}/{quote(member, safe='')}.age"


def checked_name(member: str) -> str:
    """A member's name in its normal form. Raises `UsageError`."""
    try:
        return str(checked("user", member))
    except BadValue as error:
        raise UsageError("this is no name that a member can have", why=error.why, hint=error.hint) from None


def add_member(
    store: Store, repo: str, key: RepositoryKey, member: str, recipient: str, *, dry_run: bool = False
) -> None:
    """Wrap the key for a member, and have the store name it where that names none.

    Raises `UsageError` for no public key, `Halt` where the store names another.
    """
    wrapped = wrap(key, repo, recipient)
    mode: Create | Overwrite = Create()
    try:
        named = current_id(store, repo)
    except NotAuthentic:  # what stands there tells nobody anything
        named, mode = None, Overwrite()
    if named not in (None, key.id.hex()):
        raise Halt(
            "the store names another key than the one that you have",
            why=f"it is {named}, and yours is {key.id.hex()}",
            hint="ask the others which one is right before anything is uploaded: compare `s3sync keys list`",
        )
    if dry_run:
        return
    if named is None:
        _put(store, current_key(repo), key.id.hex().encode(), mode)
    _put(store, member_key(repo, key.id.hex(), member), wrapped, Overwrite())


def require_member(store: Store, repo: str, member: str) -> list[Member]:
    """Wrapped keys of a member. Raises `UsageError` for none."""
    there = list_members(store, repo)
    found = [one for one in there if one.name == member]
    if not found:
        names = ", ".join(sorted({one.name for one in there})) or "none"
        raise UsageError(f"no key is wrapped for {member}", hint=f"those who have one: {names}")
    return found


def may_be_last(store: Store, repo: str, member: str, own: RepositoryKey | None) -> bool:
    """True if what is wrapped for this member may be the last copy of the repository's key.

    Whoever can write to the store can put a file there for any name, and have it name any key: only the key that is
    here is known to be kept. Who has one may remove those of keys that the store does not name.
    """
    kept = {own.id.hex()} if own is not None else set[str]()
    wrapped = {one.key_id for one in list_members(store, repo) if one.name == member} - kept
    if own is not None:
        with suppress(NotAuthentic):
            if (named := current_id(store, repo)) is not None:
                wrapped &= {named}
    return bool(wrapped)


def remove_member(store: Store, repo: str, member: str) -> int:
    """Delete what was wrapped for a member; how many there were. Raises `UsageError` for none."""
    gone = require_member(store, repo, member)
    for one in gone:
        store.delete(member_key(repo, one.key_id, one.name))
    return len(gone)


def fetch_key(store: Store, repo: str, user: str, identity: str) -> RepositoryKey | None:
    """The key that was wrapped for this user; None where there is none that this identity opens.

    Raises `NotAuthentic`, `StoreError`.
    """
    key_id = current_id(store, repo)
    if key_id is None:
        return None
    try:
        with store.get(member_key(repo, key_id, user), stop=MOST_BYTES + 1) as reader:
            if reader.info.size > MOST_BYTES:
                raise NotAuthentic("a wrapped key in the store is none", why="it is too large for one", hint=WRAP_AGAIN)
            body = b"".join(bytes(chunk) for chunk in reader)
    except NotFound:
        return None
    key = unwrap(body, repo, identity)
    if key is not None and key.id.hex() != key_id:
        raise NotAuthentic(
            "a wrapped key in the store is not the one that it is said to be", why="its id is another", hint=WRAP_AGAIN
        )
    return key


def _put(store: Store, key: str, body: bytes, mode: Create | Overwrite) -> None:
    store.put(key, body, mode=mode, headers=_HEADERS, md5=md5(body, usedforsecurity=False).digest())

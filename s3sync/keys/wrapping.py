"""A repository's key wrapped for one member, as an age file (https://age-encryption.org/v1).

Whoever can write to the store can wrap any key for anybody: what comes out is only used once the user agreed to its id.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from types import ModuleType

import msgspec

from s3sync.decoding import ready
from s3sync.errors import NotAuthentic, Unsupported, UsageError
from s3sync.store.sealed.keys import SECRET_BYTES, RepositoryKey

MOST_BYTES = 4096
"""Size of a wrapped key: one of RSA with 4,096 bits has 900. The time to read a header grows with its square."""
MOST_RECIPIENT = 4096
_HEADER = b"age-encryption.org/v1\n"
SCHEMA = 1
WRAP_AGAIN = (
    "whoever can write to the store can put one there: nothing was taken from it. Run `s3sync keys me`, and have a "
    "member run `s3sync keys add` with your name and what it prints"
)
"""Hint where what lies in the store for a member is not what a member wrapped."""


class _Payload(msgspec.Struct, frozen=True):
    schema: int
    repo: str
    key: str


def _age() -> ModuleType:
    try:
        import pyrage
    except ImportError:
        raise Unsupported(
            "keys cannot be wrapped here",
            why="the extra `crypt` is not installed",
            hint="run `pip install 's3sync-collab[crypt]'`",
        ) from None
    return pyrage  # type: ignore[no-any-return]


def new_identity() -> str:
    """A new age identity, `AGE-SECRET-KEY-1...`."""
    return str(_age().x25519.Identity.generate())


def recipient_of(identity: str) -> str:
    """The recipient of an age identity: `age1...`, which is no secret."""
    age = _age()
    try:
        return str(age.x25519.Identity.from_str(identity).to_public())
    except age.IdentityError:
        raise UsageError("this is no age identity", hint="it begins with AGE-SECRET-KEY-1") from None


def wrap(key: RepositoryKey, repo: str, recipient: str) -> bytes:
    """The key for whoever has the identity of `recipient`: `age1...`, `ssh-ed25519 ...` or `ssh-rsa ...`.

    Raises `UsageError` for what is no recipient.
    """
    age, text = _age(), recipient.strip()
    kind = age.ssh if text.startswith("ssh-") else age.x25519
    if "SECRET" in text or "PRIVATE" in text:
        raise UsageError(
            "this is a secret key, which nobody should give away", hint="the public one begins with age1 or ssh-"
        )
    try:
        if len(text) > MOST_RECIPIENT or (text.startswith("ssh-") and not _is_whole(text)):
            raise ValueError
        found = kind.Recipient.from_str(text)
    except (age.RecipientError, ValueError):
        raise UsageError(
            "this is no public key that a key can be wrapped for",
            why="it has to be an age recipient (age1...) or a line of an SSH public key (ssh-ed25519, ssh-rsa)",
            hint="have the member run `s3sync keys me`, and give what it prints",
        ) from None
    payload = msgspec.json.encode(_Payload(SCHEMA, repo, b64encode(key.secret).decode()))
    return bytes(age.encrypt(payload, [found]))


def _is_whole(text: str) -> bool:
    """True for a line of an SSH public key whose fields all hold something but zeros: age ends with a panic at an empty
    one, and at a number that is a single zero.

    Source: https://www.rfc-editor.org/rfc/rfc4253#section-6.6
    """
    kind, _, rest = text.partition(" ")
    data, fields = b64decode(rest.partition(" ")[0], validate=True), list[bytes]()
    while data:
        size = int.from_bytes(data[:4])
        fields.append(data[4 : 4 + size])
        data = data[4 + size :]
    return bool(fields) and fields[0] == kind.encode() and all(field.strip(b"\0") for field in fields)


def unwrap(body: bytes, repo: str, identity: str) -> RepositoryKey | None:
    """The key in a file that was wrapped for this identity, an age or an SSH one; None for one of somebody else's.

    Raises `NotAuthentic` for what is no wrapped key of this repository, `UsageError` for what is no identity.
    """
    age = _age()
    if not body.startswith(_HEADER) or len(body) > MOST_BYTES:
        raise NotAuthentic(
            "a wrapped key in the store is none", why="it is no age file, or too large for one", hint=WRAP_AGAIN
        )
    try:
        if identity.startswith("AGE-SECRET-KEY-"):
            who = age.x25519.Identity.from_str(identity)
        else:
            who = age.ssh.Identity.from_buffer(identity.encode())
    except (age.IdentityError, ValueError):
        raise UsageError(
            "this is no identity that opens a wrapped key",
            why="it has to be an age identity or an SSH private key without a passphrase",
            hint="of an SSH key with one, make a copy without, beside it: cp -p KEY KEY.open && "
            "ssh-keygen -p -N '' -f KEY.open; remove that afterwards",  # in /tmp it may be a file of somebody else's
        ) from None
    try:
        payload = bytes(age.decrypt(body, [who]))
    except age.DecryptError:
        return None
    try:
        found = msgspec.json.decode(payload, type=ready(_Payload))
        secret = b64decode(found.key, validate=True)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
        raise NotAuthentic("a wrapped key in the store is none", why="there is no key in it", hint=WRAP_AGAIN) from None
    if found.schema != SCHEMA:
        raise Unsupported("a wrapped key is of a newer form", hint="upgrade s3sync")
    if found.repo != repo or len(secret) != SECRET_BYTES:
        raise NotAuthentic(
            "a wrapped key in the store is of another repository", why=f"it is for {found.repo[:80]!r}", hint=WRAP_AGAIN
        )
    return RepositoryKey(secret)

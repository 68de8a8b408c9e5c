"""The credential of a store that is not S3, as the user's own settings name it: a file, or an environment variable."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from s3sync.errors import CredentialsError
from s3sync.store.options import StoreOptions

LARGEST = 256 * 1024
"""Bytes of a credential; a service account's key has 3 KiB."""


class OwnCredential(Struct, frozen=True):
    """The credential as it was written, and where that was, in words. `text` is never shown."""

    text: str
    origin: str

    def __repr__(self) -> str:
        return f"OwnCredential({self.origin})"


def own_credential(options: StoreOptions) -> OwnCredential | None:
    """Read what `credentials_env` or `credentials_path` names; None where the user named neither.

    The first counts where both are named, as it does for whoever sets it for one command. Raises `CredentialsError`.
    """
    if options.credentials_env is not None:
        return _of_variable(options.credentials_env, options)
    if options.credentials_path is not None:
        return _of_file(Path(options.credentials_path).expanduser())
    return None


def _of_variable(name: str, options: StoreOptions) -> OwnCredential:
    text = options.env.get(name, "").strip()
    if not text:
        raise CredentialsError(
            f"the environment variable {name} is not set",
            why="credentials_env names it as the one that holds the store's credential",
            hint=f"set {name}, or take the setting back: s3sync config unset credentials_env",
        )
    return OwnCredential(text, f"the environment variable {name}")


def _of_file(path: Path) -> OwnCredential:
    try:
        if path.exists() and not path.is_file():
            raise _unusable(path, "it is no regular file")
        with path.open("rb") as file:
            body = file.read(LARGEST + 1)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    if len(body) > LARGEST:
        raise _unusable(path, "it is too large for a credential")
    try:
        text = body.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise _unusable(path, "it is not text") from None
    if not text:
        raise _unusable(path, "it is empty")
    return OwnCredential(text, str(path))


def _unusable(path: Path, why: str) -> CredentialsError:
    return CredentialsError(
        f"cannot use {path} as the store's credential",
        why=why,
        hint="credentials_path names it: put the file there, or s3sync config set credentials_path FILE",
    )

"""The keys of repositories that this user has on this computer, each in a file of his own data folder.

That one is there also says that the store's place is encrypted: what a repository's settings say cannot change that.
The files are of mode 0600 in a folder of mode 0700. docs/encryption.md says what lies in them.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from s3sync.config import Settings
from s3sync.config.locate import user_data_folder
from s3sync.core.typed import typed
from s3sync.decoding import ready
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import own_folder
from s3sync.errors import ConfigError
from s3sync.keys.known import CLONES, FOLDER, clone_files, file_name
from s3sync.store.sealed.keys import SECRET_BYTES, RepositoryKey

IDENTITY = "identity"
MOST_BYTES = 16 * 1024
SCHEMA = 1


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    store: str
    repo: str
    key: str


def read_key(settings: Settings) -> RepositoryKey | None:
    """The key; None where there is none here. Raises `ConfigError` for a file that cannot be relied on."""
    name = file_name(settings)
    body = _read(settings.env, name)
    if body is None:
        return None
    return key_of(body, user_data_folder(settings.env) / FOLDER / name, (settings.store, settings.repo))


def key_of(body: bytes, path: Path, place: tuple[str, str]) -> RepositoryKey:
    """The key in a file, of a store and a repository. Raises `ConfigError`."""
    try:
        found = msgspec.json.decode(body, type=ready(_File))
        secret = b64decode(found.key, validate=True)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
        raise _unusable(path, "it is not what s3sync writes") from None
    if found.schema != SCHEMA:
        raise ConfigError(f"cannot use {path}", why="another version of s3sync wrote it", hint="upgrade s3sync")
    if (found.store, found.repo) != place or len(secret) != SECRET_BYTES:
        raise _unusable(path, "it is of another place")
    return RepositoryKey(secret)


def keep_key(settings: Settings, key: RepositoryKey) -> None:
    """Keep the key of the settings' place. Raises `LocalError`."""
    body = msgspec.json.encode(_File(SCHEMA, settings.store, settings.repo, b64encode(key.secret).decode()))
    _write(settings.env, file_name(settings), body)
    note_clone(settings)


def note_clone(settings: Settings) -> None:
    """Remember that this clone is encrypted, as far as that can be written."""
    lacking = [path.name for path in clone_files(settings) if not os.path.lexists(path)]
    if lacking:
        with suppress(OSError), own_folder(user_data_folder(settings.env), CLONES) as folder:
            for name in lacking:
                folder.write(name, b"")


def own_identity(environ: Mapping[str, str], *, create: bool) -> str | None:
    """The user's own age identity, `AGE-SECRET-KEY-1...`, made if need be; None where there is none.

    Raises `ConfigError`, `LocalError`.
    """
    body = _read(environ, IDENTITY)
    if body is None and create:
        from s3sync.keys.wrapping import new_identity

        body = new_identity().encode()
        _write(environ, IDENTITY, body)
    return None if body is None else body.decode(errors="replace").strip()


def _read(environ: Mapping[str, str], name: str) -> bytes | None:
    folder = user_data_folder(environ) / FOLDER
    try:
        with GuardedFolder.open(os.path.realpath(folder)) as opened:
            return opened.read(name, MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(folder / name, error.strerror or str(error)) from None


def _write(environ: Mapping[str, str], name: str, body: bytes) -> None:
    base = user_data_folder(environ)
    hint = "make the folder yours and writable"
    with local_errors("cannot keep a key in", base / FOLDER, hint=hint), own_folder(base, FOLDER) as folder:
        folder.write(name, body)


def _unusable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"cannot use the key in {path}",
        why=why,
        hint=f"move it away (mv {typed(path)} elsewhere), and take the key again with `s3sync keys import`",
    )

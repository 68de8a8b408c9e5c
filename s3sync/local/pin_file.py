"""The pin file of a project, `s3-staging.lock.yaml` beside the staging folder: read with suspicion, written whole."""

from __future__ import annotations

import os
from pathlib import Path

from s3sync.core.pins import MOST_BYTES, BadPins, NewerPins, Pin, parse, render
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ConfigError
from s3sync.local.modes import NEW, usual_mask

_HINT = "a pin file is plain text: `git checkout` brings it back; or move away what is there, and run `s3sync pin`"


def read_pins(path: Path, *, replaces: bool = False) -> dict[str, Pin] | None:
    """The pins by name, sorted; None where there is no such file. Raises `ConfigError` and `LocalError`.

    `replaces`: it will be written anew, so that one which cannot be read has no pins.
    """
    if not os.path.lexists(path):
        return None
    with (
        local_errors("cannot read", path, hint=_HINT),
        GuardedFolder.open(path.parent, shared=True, straight=True) as folder,
    ):
        body = folder.read(path.name, MOST_BYTES)
    try:
        return parse(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        if replaces:
            return {}
        line = body.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"cannot use {path} line {line}", why="it is not UTF-8", hint=_HINT) from None
    except BadPins as error:
        if replaces and not isinstance(error, NewerPins):
            return {}
        raise ConfigError(f"cannot use {path} line {error.line}", why=error.why, hint=error.hint or _HINT) from None


def write_pins(path: Path, pins: dict[str, Pin], staging: str) -> bool:
    """Write the pins; False where the file says the same already. Raises `LocalError`."""
    body = render(pins.values(), staging).encode()
    with (
        local_errors("cannot write", path, hint=_HINT),
        GuardedFolder.open(path.parent, shared=True, straight=True) as folder,
    ):
        known = folder.read(path.name, MOST_BYTES) if folder.check(path.name) else None
        if known is not None and known.replace(b"\r\n", b"\n") == body:
            return False
        folder.write(path.name, body, mode=NEW & ~usual_mask())
    return True

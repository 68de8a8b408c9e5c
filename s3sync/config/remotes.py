"""Remotes in the user's own configuration of rclone: of each, no more than its type is read, to ask him about it.

Source: https://rclone.org/docs/#config-string, https://rclone.org/docs/#environment-variables
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from s3sync.config.schemes import remote_of

LARGEST = 1 << 20
_TYPE = re.compile(r"\s*type\s*=\s*([a-z0-9 _-]{1,40}?)\s*")


def remote_shown(url: str, environ: Mapping[str, str]) -> str:
    """The place that an rclone store leads to, in words: "dropbox, by your rclone remote team"."""
    name, _ = remote_of(url)
    return f"{remote_type(name, environ) or 'a place of unknown type'}, by your rclone remote {name}"


def remote_type(name: str, environ: Mapping[str, str]) -> str | None:
    """Type of a remote; None where it is not told, as by an encrypted configuration."""
    told = environ.get(f"RCLONE_CONFIG_{name.upper().replace('-', '_')}_TYPE")
    if told is not None:
        return told if _TYPE.fullmatch(f"type = {told}") else None
    text = next(filter(None, map(_text, _files(environ))), "")
    inside = False
    for line in text.splitlines():
        if line.strip().startswith("["):
            inside = line.strip() == f"[{name}]"
        elif inside and (found := _TYPE.fullmatch(line)) is not None:
            return found[1]
    return None


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """The places of the configuration, as rclone looks for it. None is below the current folder, which may be a clone:
    whoever made that would say what the user is asked about."""
    if environ.get("RCLONE_CONFIG"):
        places = [Path(environ["RCLONE_CONFIG"])]
    else:
        home, own = Path(environ.get("HOME") or Path.home()), Path(environ.get("XDG_CONFIG_HOME") or ".")
        places = [folder / "rclone" / "rclone.conf" for folder in (own, home / ".config")] + [home / ".rclone.conf"]
    yield from (place for place in places if place.is_absolute())


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        return path.read_text("utf-8", "replace")
    except OSError:
        return None

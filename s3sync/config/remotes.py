"""Remotes in the user's own configuration of rclone: of each, its type and how well its server is known, for questions
to him. Nothing secret of it is kept.

Source: https://rclone.org/docs/#config-string, https://rclone.org/docs/#environment-variables
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from s3sync.config.hosts import is_loopback
from s3sync.config.schemes import remote_of
from s3sync.core.typed import typed

LARGEST = 1 << 20
MOST_WRAPPED = 5
_WRAPPING = ("alias", "chunker", "compress", "crypt", "hasher")
_KNOWN_HOST = ("known_hosts_file", "host_keys", "pin_host_key", "ssh")
"""Settings of SFTP with any of which somebody decided about the host key. Source: https://rclone.org/sftp/"""
_ADDRESSES = ("url", "endpoint")
_TYPE = re.compile(r"\s*type\s*=\s*([a-z0-9 _-]{1,40}?)\s*")


def remote_shown(url: str, environ: Mapping[str, str]) -> str:
    """The place that an rclone store leads to, in words: "dropbox, by your rclone remote team"."""
    name, _ = remote_of(url)
    return f"{remote_type(name, environ) or 'a place of unknown type'}, by your rclone remote {name}"


def remote_type(name: str, environ: Mapping[str, str]) -> str | None:
    """Type of a remote; None where it is not told, as by an encrypted configuration."""
    told = environ.get(_variable(name, "type"))
    if told is not None:
        return told if _TYPE.fullmatch(f"type = {told}") else None
    kept = _section(name, environ).get("type")
    return kept if kept and _TYPE.fullmatch(f"type = {kept}") else None


class OpenLine(Struct, frozen=True):
    """Reason why whoever is between here and the server of a remote can put himself in its place, and what helps."""

    why: str
    hint: str


def open_line(url: str, environ: Mapping[str, str]) -> OpenLine | None:
    """None where nothing tells of one: rclone itself says it in its log alone, and takes any host key by default."""
    name, _ = remote_of(url)
    for _ in range(MOST_WRAPPED):
        kind = remote_type(name, environ)
        wrapped, colon, _ = _said(name, "", "remote", environ).partition(":")
        if kind not in _WRAPPING or not colon:
            return _of_server(name, kind or "", environ)
        name = wrapped
    return None


def _of_server(name: str, kind: str, environ: Mapping[str, str]) -> OpenLine | None:
    def said(key: str) -> str:
        return _said(name, kind, key, environ)

    if kind == "sftp":
        if any(said(key) not in ("", "false") for key in _KNOWN_HOST) or is_loopback(f"sftp://{said('host')}"):
            return None
        return OpenLine(
            f"rclone checks no host key of the remote {name}: whoever is in between can take the server's place, with "
            "its password, and read and change your files",
            "name the file of the host keys that you know: "
            f"rclone config update {typed(name)} known_hosts_file ~/.ssh/known_hosts",
        )
    is_plain = any(said(key).lower().startswith("http://") and not is_loopback(said(key)) for key in _ADDRESSES)
    if kind == "ftp":
        is_plain = not is_loopback(f"ftp://{said('host')}") and "true" not in (said("tls"), said("explicit_tls"))
    if not is_plain:
        return None
    return OpenLine(
        f"the server of the remote {name} is not encrypted: whoever is in between can read its password, and read and "
        "change your files",
        f"have rclone go to it with TLS: rclone config update {typed(name)}",
    )


def _said(name: str, kind: str, key: str, environ: Mapping[str, str]) -> str:
    """A value of a remote, as rclone finds it: in the environment, in its section, in the environment for its type."""
    for value in (environ.get(_variable(name, key)), _section(name, environ).get(key)):
        if value is not None:
            return value
    return environ.get(f"RCLONE_{kind}_{key}".upper(), "") if kind else ""


def _variable(name: str, key: str) -> str:
    return f"RCLONE_CONFIG_{name.upper().replace('-', '_')}_{key.upper()}"


def _section(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Values of a remote in the configuration."""
    text = next(filter(None, map(_text, _files(environ))), "")
    inside, found = False, dict[str, str]()
    for line in text.splitlines():
        if line.strip().startswith("["):
            inside = line.strip() == f"[{name}]"
        elif inside and "=" in line:
            key, _, value = line.partition("=")
            found.setdefault(key.strip(), value.strip())
    return found


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

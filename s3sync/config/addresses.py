"""Settings that are addresses of servers and proxies; a region; the place of a credential. Stores: `schemes.py`."""

from __future__ import annotations

import re
from pathlib import Path

from s3sync.config.secrets import hidden
from s3sync.config.values import MOST_ADDRESS, BadValue, line, plain_text

_REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ENDPOINT = re.compile(
    r"https?://(?:[^/?#\s\\]*@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?(?:/[A-Za-z0-9._~%!$&'()*+,;=:/-]*)?"
)
"""The host in ASCII: libraries differ about where a backslash ends it, and letters of other scripts look the same."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://.")
MOST_NOTIFIED = 20


def endpoint(value: object) -> str:
    text = plain_text(value).strip()
    if not _ENDPOINT.fullmatch(text):
        raise BadValue(
            "it is not the address of a server", _write_host(text, "https://s3.example.com or http://host:8333")
        )
    if len(text) > MOST_ADDRESS:
        raise BadValue(f"it has more than {MOST_ADDRESS} characters")
    return text.rstrip("/")


def proxy(value: object) -> str:
    text = line(value).strip()
    if not _ENDPOINT.fullmatch(text):
        raise BadValue("it is not the address of a proxy", _write_host(text, "http://proxy.example.com:3128"))
    return text.rstrip("/")


def _write_host(text: str, example: str) -> str:
    other = "" if text.isascii() else "; a name in other letters is written in its xn-- form"
    return f"write it like {example}{other}"


def region(value: object) -> str:
    text = plain_text(value).strip()
    if not _REGION.fullmatch(text):
        raise BadValue(f"{hidden(text)!r} is not a region's name", "write it like us-east-1")
    return text


def credentials_path(value: object) -> str:
    """The path of a file, from the root or the home folder: what a relative one names, any repository could choose."""
    text = plain_text(value).strip()
    if not Path(text).is_absolute() and not text.startswith("~/"):
        raise BadValue("it is not the whole path of a file", "write it like ~/.config/s3sync/store-key.json")
    return text


def variable_name(value: object) -> str:
    text = plain_text(value).strip()
    if not _VARIABLE.fullmatch(text):
        why = "it is not the name of an environment variable"
        raise BadValue(why, "write the variable's name, as TEAM_STORE_KEY, and never the credential itself")
    return text


def notify(value: object) -> tuple[str, ...]:
    """Addresses of apprise, in a list, or in one text with blanks between them. What is wrong is never repeated."""
    given = value.split() if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)):
        raise BadValue("it must be a list of addresses", 'write it like ["mailto://...", "slack://..."]')
    if len(given) > MOST_NOTIFIED:
        raise BadValue(f"it has {len(given)} addresses, and {MOST_NOTIFIED} are the most")
    for number, item in enumerate(given):
        if not isinstance(item, str) or not _SCHEME.match(line(item)):
            why = "it is no address of apprise: it begins with the kind of service, as mailto://"
            raise BadValue(why, "see https://github.com/caronc/apprise/wiki", at=(number,))
    return tuple(given)

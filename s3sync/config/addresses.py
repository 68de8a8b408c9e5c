"""Settings that are addresses: of a store, a server, a proxy; and a region."""

from __future__ import annotations

import re
from pathlib import Path

from s3sync.config.secrets import hidden, looks_secret, mask_url
from s3sync.config.values import BadValue, line, plain_text, secret
from s3sync.core.names import nfc, refuse_folder

SCHEMES = ("s3", "file")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ENDPOINT = re.compile(
    r"https?://(?:[^/?#\s\\]*@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?(?:/[A-Za-z0-9._~%!$&'()*+,;=:/-]*)?"
)
"""The host in ASCII: libraries differ about where a backslash ends it, and letters of other scripts look the same."""


def store(value: object) -> str:
    text = line(value).strip()
    scheme, colon, rest = text.partition("://")
    if any(
        looks_secret(part) for part in (rest.split("/") if scheme == "file" else (text, rest, rest.partition("/")[2]))
    ):
        raise secret()
    if not colon:
        raise BadValue(f"{hidden(mask_url(text))!r} is not an address", "write s3://bucket/prefix or file:///path")
    if scheme == "s3":
        return _s3_store(rest)
    if scheme == "file":
        return _folder_store(rest)
    raise BadValue(f"there is no store of the kind {hidden(scheme) + '://'!r}", _nearest_scheme(scheme))


def _s3_store(rest: str) -> str:
    if "@" in rest:
        raise BadValue(
            "credentials do not belong in the store's address", "use AWS_PROFILE, or the AWS_* keys in the environment"
        )
    if "?" in rest or "#" in rest:
        raise BadValue(
            "the store's address takes no '?' and no '#'", "region and endpoint_url are settings of their own"
        )
    bucket, _, prefix = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise BadValue(f"{hidden(bucket)!r} is not a bucket's name", "write s3://bucket/prefix")
    prefix = nfc(prefix).strip("/")
    problem = refuse_folder(prefix) if prefix else None
    if problem:
        raise BadValue(f"the prefix {hidden(prefix)!r} cannot be used: {problem}")
    return f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"


def _folder_store(rest: str) -> str:
    rest = rest.removeprefix("localhost") if rest.startswith("localhost/") else rest
    hint = "write file:///path/to/folder, or file://~/folder for one in your home"
    if rest == "~" or rest.startswith("~/"):
        home = Path.home().as_posix()
        rest = (home if home.startswith("/") else f"/{home}") + rest[1:]
    if not rest.startswith("/"):
        raise BadValue("the path of a folder store must be absolute", hint)
    if re.search(r"%[0-9A-Fa-f]{2}", rest):
        raise BadValue("percent escapes in a folder's path are ambiguous", "write the path as it is on the disk")
    parts = [part for part in rest.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise BadValue("a folder store needs the plain path of a folder, without '..'", hint)
    return "file:///" + "/".join(parts)


def _nearest_scheme(scheme: str) -> str:
    import difflib

    near = difflib.get_close_matches(scheme.casefold(), SCHEMES, 1, 0.5)
    return f"did you mean '{near[0]}://'?" if near else "use s3:// or file://"


def endpoint(value: object) -> str:
    text = plain_text(value).strip()
    if not _ENDPOINT.fullmatch(text):
        raise BadValue(
            "it is not the address of a server", _write_host(text, "https://s3.example.com or http://host:8333")
        )
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

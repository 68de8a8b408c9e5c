"""Clients without an account: by the form in a page, as a browser sends it, or straight into the store of a test."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from s3sync.core.inboxes import Inbox, inbox_prefix
from s3sync.core.manifest.edits import Edits
from s3sync.core.times import format_time
from s3sync.shared.manifest import read_manifest, write_edits
from s3sync.store.port import Headers, Overwrite, Store
from tests.kit.people import PROJECT, REPO

PREFIX = f"{REPO}/{PROJECT}/"
_FORM = re.compile(rb'<script type="application/json" id="form">([^<]+)</script>')


def form_of(url: str) -> dict[str, Any]:
    """The form in the page that a link opens."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        found = _FORM.search(answer.read())
    assert found is not None
    return dict(json.loads(found[1]))


def said(name: str = "film.mp4", client: str = "", mtime_ms: int = 1_700_000_000_000) -> dict[str, str]:
    """Fields as the page fills them in."""
    return {
        "x-amz-meta-name": quote(name, safe=""),
        "x-amz-meta-client": quote(client, safe=""),
        "x-amz-meta-mtime": str(mtime_ms),
    }


def post(form: Mapping[str, Any], data: bytes, fields: Mapping[str, str], *, key: str | None = None) -> int:
    """Send a file by the form; the status of the answer. `key` is the whole key, else a new one as of the page."""
    key = key if key is not None else f"{form['begins']}{secrets.token_hex(16)}"
    edge = uuid.uuid4().hex
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {"key": key, **form["fields"], **fields}.items()
    ]
    head = "".join(parts) + f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
    request = urllib.request.Request(
        form["url"], body, {"Content-Type": f"multipart/form-data; boundary={edge}"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def open_inbox(store: Store, *, until: datetime | None = None, by: str = "david") -> str:
    """An inbox as metadata.json has it, in a store of any kind; returns its id."""
    inbox, now = secrets.token_hex(16), datetime.now(UTC)
    edits = Edits(by, format_time(now), "host", counts_as_sync=False)
    edits.inboxes.opened[inbox] = Inbox(by, format_time(now), format_time(until or now + timedelta(days=2)))
    write_edits(store, PREFIX, read_manifest(store, PREFIX), edits)
    return inbox


def drop(store: Store, inbox: str, data: bytes, name: str = "film.mp4", client: str = "Anna", key: str = "") -> str:
    """Put a file into an inbox as a form does; returns its key."""
    key = f"{inbox_prefix(PREFIX, inbox)}{key or secrets.token_hex(16)}"
    metadata = {field.removeprefix("x-amz-meta-"): value for field, value in said(name, client).items()}
    headers = Headers(metadata, "application/octet-stream")
    store.put(key, data, mode=Overwrite(), headers=headers, md5=hashlib.md5(data).digest())
    return key

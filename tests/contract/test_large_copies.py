"""Objects beyond the 5 GiB that S3 copies as a whole, on stores that copy no parts: renamed, put into a trash, moved to
another class. Only what they are said to measure is large here."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from s3sync.archive.transition import move_object
from s3sync.store.port import Headers, Overwrite
from s3sync.transfer.send.server_copy import copy_or_fail
from tests.contract.stores import keys, on_google, on_remote, put, read
from tests.kit.google import FakeGcs, recording

SIZE = 6 * 1024**3


@pytest.mark.parametrize(
    "kind", [pytest.param("gcs", marks=pytest.mark.gcs), pytest.param("remotes", marks=pytest.mark.rclone)]
)
def test_a_large_object_is_copied_whole_where_no_parts_are(kind: str, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue(kind)
    store = (on_google(server) if kind == "gcs" else on_remote(server, "loc")).open()
    etag = put(store, "film.mov", b"large")
    transport: Any = SimpleNamespace(store=store)
    copy_or_fail(transport, "film.mov", etag, SIZE, "trash/film.mov", Overwrite(), Headers())
    assert read(store, "trash/film.mov") == b"large" and keys(store) == ["film.mov", "trash/film.mov"]


@pytest.mark.gcs
def test_a_large_archive_moves_to_another_class(gcs: FakeGcs) -> None:
    """By one request for the whole; the emulator keeps no class, so it is read there."""
    with recording(gcs.endpoint_url) as line:
        place = on_google(gcs)
        store = replace(place, endpoint=line.url).open()
        put(store, "set.tar", b"large")
        move_object(store, store.head("set.tar"), SIZE, "COLDLINE", {})
        assert line.last("POST", "/rewriteTo/").body["storageClass"] == "COLDLINE"
        assert read(store, "set.tar") == b"large" and gcs.names(place.prefix) == [f"{place.prefix}/set.tar"]

"""Who is said to have sent an object that metadata.json does not explain."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from s3sync.shared.heads import record_of
from s3sync.shared.refused import UNKNOWN
from s3sync.store.port import ObjectHead, ObjectInfo

INFO = ObjectInfo("team/b63/a.mp4", 3, "e", datetime(2026, 11, 27, tzinfo=UTC))


@pytest.mark.parametrize(
    ("metadata", "by"),
    [
        ({"uploaded-by": "jan", "project-id": "b63"}, "jan"),
        ({"uploaded-by": "jan", "project-id": "b64"}, UNKNOWN),
        ({"uploaded-by": "jan", "project-id": "63"}, UNKNOWN),
        ({"uploaded-by": "jan"}, UNKNOWN),
        ({"project-id": "b63"}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_who_sent_an_object_is_said_of_the_project_that_it_was_sent_to(metadata: dict[str, str], by: str) -> None:
    head = ObjectHead(INFO, metadata, "video/mp4", etag_is_md5=False)
    assert record_of("a.mp4", head, None, "team/b63/").uploaded_by == by

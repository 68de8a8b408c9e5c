"""Rules that others set on a bucket: written back as they were, or not at all.

Whoever writes one rule of a bucket writes all of them. A word in a filter that this program does not know, and leaves
out, makes a rule that deletes in a part of the bucket one that deletes in all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from s3sync.archive.rules import look, look_to_add, write
from s3sync.core.archive.lifecycle import move_rule
from s3sync.core.bucket_rules import CORS
from s3sync.errors import StoreError
from s3sync.store import Store
from s3sync.store.aspects import Administers, require_aspect
from s3sync.store.replicating import Replicates
from tests.promises.hostile.test_wire import Answer, opened, wire

DAYS = "<Status>Enabled</Status><Expiration><Days>1</Days></Expiration>"
FILTERS = {
    "a word beside the prefix": "<Filter><Prefix></Prefix><ArchiveZone/></Filter>",
    "a word around a known one": "<Filter><Not><Prefix>films/</Prefix></Not></Filter>",
    "a word of the rule itself": "<Prefix/><OnlyAfter><Reads>0</Reads></OnlyAfter>",
    "a known word where it is not known": "<Filter><Days>7</Days></Filter>",
    "two filters": "<Filter><Prefix>a/</Prefix></Filter><Filter><Prefix>b/</Prefix></Filter>",
}


def lifecycle(chosen: str) -> str:
    return f"<LifecycleConfiguration><Rule><ID>theirs</ID>{chosen}{DAYS}</Rule></LifecycleConfiguration>"


def say(document: str) -> Answer:
    body = b'<?xml version="1.0" encoding="UTF-8"?>' + document.encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    return lambda connection: connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def writings(heard: list[bytes]) -> list[bytes]:
    return [head.split(b"\r\n")[0] for head in heard if head.startswith((b"PUT", b"DELETE"))]


def apply(store: Store) -> None:
    write(store, look(store, "lab/", ()))


def add(store: Store) -> None:
    write(store, look_to_add(store, "lab/", move_rule("DEEP_ARCHIVE", "lab/")))


@pytest.mark.parametrize("change", [apply, add])
@pytest.mark.parametrize("chosen", FILTERS.values(), ids=FILTERS.keys())
def test_a_rule_that_is_not_wholly_understood_is_not_written_back(chosen: str, change: Callable[[Store], None]) -> None:
    with wire(say(lifecycle(chosen))) as server, pytest.raises(StoreError):
        change(opened(server.url))
    assert server.heard and not writings(server.heard)


def test_the_word_is_named_and_the_rules_can_be_looked_at() -> None:
    with wire(say(lifecycle(FILTERS["a word beside the prefix"]))) as server:
        store = opened(server.url)
        assert look(store, "lab/", ()).present[0]["ID"] == "theirs"
        with pytest.raises(StoreError) as told:
            apply(store)
    assert "ArchiveZone" in (told.value.why or "")


KNOWN = (
    "<x:Filter><x:And><x:Prefix>a&lt;b</x:Prefix><x:Tag><x:Key>k</x:Key><x:Value/></x:Tag><x:Tag><x:Key>l</x:Key>"
    "<x:Value>v</x:Value></x:Tag><x:ObjectSizeGreaterThan>1</x:ObjectSizeGreaterThan></x:And></x:Filter>"
    "<x:Transition><x:Days>3</x:Days><x:StorageClass>GLACIER</x:StorageClass></x:Transition>"
    "<x:Transition><x:Date>2031-01-01T00:00:00Z</x:Date><x:StorageClass>DEEP_ARCHIVE</x:StorageClass></x:Transition>"
    "<x:NoncurrentVersionTransition><x:NoncurrentDays>3</x:NoncurrentDays><x:StorageClass>GLACIER</x:StorageClass>"
    "<x:NewerNoncurrentVersions>2</x:NewerNoncurrentVersions></x:NoncurrentVersionTransition>"
    "<x:AbortIncompleteMultipartUpload><x:DaysAfterInitiation>7</x:DaysAfterInitiation>"
    "</x:AbortIncompleteMultipartUpload><x:Status>Enabled</x:Status>"
)


def test_what_s3_itself_says_is_written_back() -> None:
    """Also with a prefix for S3's namespace, and with what is empty."""
    rules = f"<x:Rule><x:ID>theirs</x:ID>{KNOWN}</x:Rule><x:Rule><x:ID/>{KNOWN}</x:Rule>"
    name = "x:LifecycleConfiguration"
    document = f'<{name} xmlns:x="http://s3.amazonaws.com/doc/2006-03-01/">{rules}</{name}>'
    with wire(say(document)) as server, pytest.raises(StoreError, match="not those that were set"):
        apply(opened(server.url))  # this server keeps nothing
    assert [line.split()[1] for line in writings(server.heard)] == [b"/bucket?lifecycle"]


def cors(store: Store) -> None:
    bucket = require_aspect(store, Administers)
    bucket.put_cors_rules([*bucket.cors_rules(), CORS])


def replicate(store: Store) -> None:
    bucket: Any = require_aspect(store, Replicates)
    there = bucket.replication()
    bucket.put_replication(there.role, there.rules)


OTHERS: dict[str, tuple[Callable[[Store], None], str]] = {
    "cors": (
        cors,
        "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>"
        "%s</CORSRule></CORSConfiguration>",
    ),
    "replication": (
        replicate,
        "<ReplicationConfiguration><Role>r</Role><Rule><ID>theirs</ID><Filter><Prefix>a/</Prefix>%s</Filter>"
        "<Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::b</Bucket></Destination></Rule>"
        "</ReplicationConfiguration>",
    ),
}


@pytest.mark.parametrize(("change", "document"), OTHERS.values(), ids=OTHERS.keys())
def test_so_are_its_other_rules(change: Callable[[Store], None], document: str) -> None:
    with wire(say(document % "<Only>by night</Only>")) as server, pytest.raises(StoreError):
        change(opened(server.url))
    assert server.heard and not writings(server.heard)
    with wire(say(document % "")) as server:
        change(opened(server.url))
    assert len(writings(server.heard)) == 1

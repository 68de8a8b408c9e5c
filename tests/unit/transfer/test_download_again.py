"""A download that broke off: a large one goes on where it was, and is believed only as far as its bytes are right."""

from __future__ import annotations

import itertools
import os
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.etag import PART_SIZE
from s3sync.errors import Unreachable
from s3sync.store import Store
from s3sync.transfer.pool import Pool
from tests.unit.transfer.conftest import (
    ONE_REQUEST,
    RANGES,
    Altered,
    Ending,
    fetch,
    names,
    one_after_the_other,
    put_whole,
)


def break_at(number: int, store: Store) -> Altered:
    """The line drops within that answer."""
    answers = itertools.count(1)

    def get(*args: Any, **more: Any) -> Any:
        answer = store.get(*args, **more)
        return Ending(answer, Unreachable("the line dropped")) if next(answers) == number else answer

    return Altered(store, get=get)


def test_f11_a_line_that_drops(store: Store, pool: Pool, partial: Path, content: bytes) -> None:
    """A large file goes on where it was, a small one begins anew; neither is ever mixed or short."""
    wanted, last = put_whole(store, content), -(-len(content) // PART_SIZE)
    with pytest.raises(Unreachable):
        one_after_the_other(lambda alone: fetch(break_at(last, store), wanted, partial, alone))
    assert len(names(partial)) == (0 if content is ONE_REQUEST else 1)
    got = fetch(store, wanted, partial, pool)
    assert got.bytes_received == (len(content) if content is ONE_REQUEST else 7)
    assert got.temp.read_bytes() == content
    assert got.digests.md5 == wanted.md5
    assert names(partial) == [got.temp.name]


@pytest.mark.parametrize(
    ("damage", "received"),
    [
        ("none", PART_SIZE + 7),
        ("a flipped byte", len(RANGES)),
        ("truncated", len(RANGES)),
        ("gone", len(RANGES)),
        ("a new version", len(RANGES)),
    ],
)
def test_what_is_there_of_a_broken_download_is_not_believed(
    store: Store, pool: Pool, partial: Path, damage: str, received: int
) -> None:
    wanted, expected = put_whole(store, RANGES), RANGES
    with pytest.raises(Unreachable):
        one_after_the_other(lambda alone: fetch(break_at(2, store), wanted, partial, alone))
    [temp] = list(partial.iterdir())
    match damage:
        case "a flipped byte":
            temp.write_bytes(b"\xff" + temp.read_bytes()[1:])
        case "truncated":
            os.truncate(temp, PART_SIZE // 2)
        case "gone":
            temp.unlink()
        case "a new version":
            expected = RANGES[::-1]
            wanted = put_whole(store, expected)
    got = fetch(store, wanted, partial, pool)
    assert got.temp.read_bytes() == expected
    assert got.digests.md5 == md5(expected).hexdigest()
    assert got.bytes_received == received
    assert names(partial) == [got.temp.name]

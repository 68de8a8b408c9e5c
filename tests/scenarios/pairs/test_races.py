"""Somebody else writes while a run is at work: what changed is planned once more, and nothing is overwritten unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.kit.proxy import Proxy
from tests.kit.proxy.request import Request
from tests.kit.servers import SeaweedFS
from tests.scenarios.pairs.desk import Desk, Place

pytestmark = pytest.mark.seaweedfs


@pytest.fixture
def line(desk: Desk, seaweedfs: SeaweedFS) -> Iterator[Proxy]:
    """What the profile `sea` goes through."""
    with Proxy(seaweedfs.endpoint_url) as proxy:
        aws = desk.person.root / "home" / ".aws" / "config"
        aws.write_text(aws.read_text().replace(seaweedfs.endpoint_url, proxy.endpoint_url))
        yield proxy


def writing(place: Place, name: str, *bodies: bytes) -> Callable[[Request], None]:
    """Somebody who writes the next of these bodies each time, and the last one once."""
    left = list(bodies)

    def act(request: Request) -> None:
        if left:
            place.put(name, left.pop(0))

    return act


def test_what_changed_at_the_target_is_planned_once_more(desk: Desk, line: Proxy) -> None:
    a, b = desk.place("folder", "a"), desk.place("sea", "b")
    a.put("new", b"by a")
    a.put("old", b"by a")
    b.put("old", b"before")
    line.on("PutObject", key="*/b/new", times=1).before(writing(b, "new", b"by another"))
    line.on("PutObject", key="*/b/old", times=1).before(writing(b, "old", b"by another, too"))
    told = desk.run("sync", a, b, "--json").json
    assert (told["failed"], b.files()) == ([], {"new": b"by a", "old": b"by a"})
    assert b.trash()["new"] == b"by another" and b"by another, too" in b.everything_in_trash()


def test_both_ways_it_is_a_conflict_then(desk: Desk, line: Proxy) -> None:
    a, b = desk.place("folder", "a"), desk.place("sea", "b")
    a.put("new", b"by a")
    line.on("PutObject", key="*/b/new", times=1).before(writing(b, "new", b"by another"))
    told = desk.run("sync", a, b, "--bidirectional", "--json", code=4).json
    (clash,) = told["conflicts"]
    assert a.files() == b.files() == {"new": b"by another", clash["kept_as"]: b"by a"}


def test_what_changes_again_and_again_is_said_in_the_end(desk: Desk, line: Proxy) -> None:
    a, b = desk.place("folder", "a"), desk.place("sea", "b")
    a.put("hot", b"by a")
    a.put("calm", b"by a")
    rule = line.on("PutObject", key="*/b/hot").before(writing(b, "hot", *(bytes(n) for n in range(1, 9))))
    told = desk.run("copy", a, b, "--json", code=3).json
    assert rule.hits == 4, "planned four times"
    (problem,) = told["failed"]
    assert problem["name"] == "hot" and "kept changing while we worked" in problem["error"]
    assert b.files() == {"hot": bytes(4), "calm": b"by a"}


def test_what_was_to_go_and_changed_stays(desk: Desk, line: Proxy) -> None:
    a, b = desk.place("folder", "a"), desk.place("sea", "b")
    for name in ("1", "2", "3"):
        a.put(name, b"same")
    desk.run("copy", a, b)
    b.put("gone", b"only in b")
    line.on("CopyObject", key="*gone", times=1).after(writing(b, "gone", b"written just now"))
    told = desk.run("sync", a, b, "--delete", "--json", code=3).json
    assert "was not deleted" in told["failed"][0]["error"] and told["deleted"] == []
    assert b.files()["gone"] == b"written just now"


def test_a_file_that_changes_while_it_is_sent_is_sent_again(desk: Desk, line: Proxy) -> None:
    """Its older content arrived meanwhile; the two agreed on that, so that both ways it is no conflict."""
    a, b = desk.place("folder", "a"), desk.place("sea", "b")
    first, second = b"1" * 3_000_000, b"2" * 3_000_000
    a.put("take.mov", first)
    line.on("PutObject", key="*/take.mov", times=1).after(writing(a, "take.mov", second))
    told = desk.run("sync", a, b, "--bidirectional", "--json").json
    assert told["conflicts"] == told["failed"] == []
    assert a.files() == b.files() == {"take.mov": second}


def test_a_move_takes_away_what_arrived_in_the_second_try(desk: Desk, line: Proxy) -> None:
    a, b = desk.place("sea", "a"), desk.place("folder", "b")
    a.put("clip", b"first")
    line.on("GetObject", key="*/clip", times=1).before(writing(a, "clip", b"another take"))
    told = desk.run("move", a, b, "--json").json
    assert (told["failed"], a.files(), b.files()) == ([], {}, {"clip": b"another take"})

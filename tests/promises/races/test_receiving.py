"""Two people who take in what a client sent, at the same moment: each file becomes one, and is told once.

`S3SYNC_RECEIVE_ROUNDS=200 pytest tests/promises/races/test_receiving.py` makes as many rounds.
"""

from __future__ import annotations

import os
import random
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from s3sync.api import Project
from s3sync.core.inboxes import inbox_prefix
from s3sync.core.names import MANIFEST
from s3sync.core.plan import Verb
from s3sync.store import open_store
from s3sync.store.options import StoreOptions
from s3sync.store.port import ObjectHead, ObjectInfo, Store, Written
from s3sync.store.wrapped import Wrapped
from s3sync.sync.run import Options, run
from tests.kit.clients import PREFIX, drop, open_inbox
from tests.kit.people import Person, pair
from tests.kit.servers import Server
from tests.promises.races.racer import Racer

ROUNDS = int(os.environ.get("S3SYNC_RECEIVE_ROUNDS", "8"))


KINDS = ["folder", *(pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("seaweedfs", "ministack"))]


@pytest.mark.parametrize("kind", KINDS)
def test_each_file_is_taken_in_once_by_two_at_the_same_moment(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "folder":
        url, env, rounds = f"file://{tmp_path / 'store'}", dict[str, str](), ROUNDS
    else:
        server: Server = request.getfixturevalue(kind)
        url, env, rounds = f"s3://{server.bucket}/{uuid.uuid4().hex}", server.environment(), max(2, ROUNDS // 4)
    people = pair(tmp_path, url, {"david": env, "jan": env})
    store, chance = open_store(url, StoreOptions(env=env)), random.Random(3)
    sent, taken = Counter[bytes](), 0
    with Racer(people[0]) as one, Racer(people[1]) as other:
        for number in range(rounds):
            inbox = open_inbox(store)
            for count in range(chance.randrange(1, 6)):
                data = f"{number}.{count}".encode()
                drop(store, inbox, data, chance.choice(["film.mov", "Film.mov", f"{number}.mov"]))
                sent[data] += 1
            if chance.random() < 0.5:
                people[0].write(f"{number}.mov", f"own {number}")
                sent[f"own {number}".encode()] += 1
            for racer in (one, other):
                racer.prepare(chance.choice(["down", "sync"]), "--json")
            for racer in (one, other):
                racer.go()
            reports = [racer.finish() for racer in (one, other)]
            assert all(report.code in (0, 4) for report in reports), reports  # 4: a name that david has here, unsent
            taken += sum(len(report.json["received"]) for report in reports)
            assert list(store.list(inbox_prefix(PREFIX))) == []
        for racer in (one, other, one):
            racer.run("sync")
    objects = [
        info.key for info in store.list(PREFIX) if not info.key.endswith(MANIFEST) and "/.s3sync/" not in info.key
    ]
    found = Counter[bytes]()
    for key in objects:
        with store.get(key) as reader:
            found[b"".join(map(bytes, reader))] += 1
    assert found == sent
    assert people[0].files() == people[1].files()
    events = people[0].ok("log", "--most", "0", "--json").json["events"]
    told = [event["counts"]["received"] for event in events if event["verb"] == "receive"]
    assert sum(told) == sum(not data.startswith(b"own") for data in sent)
    assert taken >= sum(told)


class Meeting(Wrapped):
    """A store in which somebody else acts before the request of a number."""

    def __init__(self, inner: Store, number: int, act: Callable[[], object]) -> None:
        super().__init__(inner)
        self.count, self._number, self._act = 0, number, act

    def _one_more(self) -> None:
        self.count += 1
        if self.count == self._number:
            self._act()

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        self._one_more()
        return self.inner.list(prefix, after=after)

    def head(self, key: str) -> ObjectHead:
        self._one_more()
        return self.inner.head(key)

    def put(self, key: str, body: Any, **more: Any) -> Written:
        self._one_more()
        return self.inner.put(key, body, **more)

    def copy(self, source: str, target: str, **more: Any) -> str:
        self._one_more()
        return self.inner.copy(source, target, **more)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        self._one_more()
        self.inner.delete(key, if_match=if_match)


KEY = "7" * 32


class Studio:
    """David and Jan, a file of the project, and two files of one name in an inbox; to be put back as it was."""

    def __init__(self, root: Path) -> None:
        self.root, self._kept = root / "studio", root / "kept"
        self.root.mkdir()
        self.david, self.jan = pair(self.root, f"file://{self.root / 'store'}", {})
        self.store = open_store(f"file://{self.root / 'store'}", StoreOptions())
        self.david.write("own.mov", "own")
        self.down(self.david)
        Project.open(path=self.david.project, environ=self.david.env()).up()
        self.inbox = open_inbox(self.store)
        self.keys = [
            drop(self.store, self.inbox, data, "film.mov", key=key) for data, key in ((b"1", KEY), (b"2", "8" * 32))
        ]
        shutil.copytree(self.root, self._kept, symlinks=True)

    def put_back(self) -> None:
        shutil.rmtree(self.root)
        shutil.copytree(self._kept, self.root, symlinks=True)

    def down(self, person: Person, number: int = 0, act: Callable[[], object] = lambda: None) -> int:
        """Run `down`, one request at a time; returns how many requests it made."""
        session = Project.open(path=person.project, environ=person.env()).session
        store = Meeting(session.store, number, act)
        run(replace(session, store=store, workers=1), Verb.DOWN, Options())
        return store.count

    def has(self, name: str, data: str) -> None:
        self.jan.write(name, data)
        Project.open(path=self.jan.project, environ=self.jan.env()).up(name)

    def contents(self) -> Counter[bytes]:
        found = Counter[bytes]()
        for info in self.store.list(PREFIX):
            if not info.key.endswith(MANIFEST):
                with self.store.get(info.key) as reader:
                    found[b"".join(map(bytes, reader))] += 1
        return found


ACTS: dict[str, tuple[Callable[[Studio], object], set[bytes]]] = {
    "takes in": (lambda studio: studio.down(studio.jan), set()),
    "has the name": (lambda studio: studio.has("film.mov", "jan's"), {b"jan's"}),
    "sends another version": (lambda studio: drop(studio.store, studio.inbox, b"3", "film.mov", key=KEY), {b"3"}),
}


@pytest.mark.parametrize("name", ACTS)
def test_whatever_another_does_between_two_requests_each_file_is_there_once(tmp_path: Path, name: str) -> None:
    studio = Studio(tmp_path)
    act, more = ACTS[name]
    most = studio.down(studio.david)
    assert most > 8
    for number in range(1, most + 1):
        studio.put_back()
        studio.down(studio.david, number, lambda: act(studio))
        for person in (studio.jan, studio.david, studio.jan):
            Project.open(path=person.project, environ=person.env()).sync()  # of two of one name, both are kept
        found = studio.contents()
        assert set(found.values()) == {1}, (number, found)
        wanted = {b"own", b"2", *more} | ({b"1"} if name != "sends another version" else set())
        assert wanted <= set(found), (number, wanted - set(found))
        assert list(studio.store.list(inbox_prefix(PREFIX))) == []
        assert studio.david.files() == studio.jan.files()

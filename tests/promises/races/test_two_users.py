"""Two people, each with a process, a folder and a memory of their own, start a command at the same moment: many times.

In each round both work on their files, and then both run a command that chance picked. Their requests meet at a proxy:
both have begun before either gets an answer, and further on they meet again, or one waits somewhere in the middle until
the other is done. After each round: whatever anybody saved and did not knowingly
give up is in a folder, in the store or in a trash; and metadata.json says of each object what is so, but where both
changed one name at once, which the next run mends. In the end both have the same, and a further run does nothing.

`RACE_ROUNDS=200 pytest tests/promises/races` runs 200 rounds against each server (100 s of CPU time in all); otherwise
fewer.
`RACE_SEED=n` takes other rounds than the usual ones.
"""

from __future__ import annotations

import os
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.kit.people import PROJECT, REPO, Person, Result
from tests.kit.proxy import Proxy
from tests.kit.servers import SeaweedFS, Server
from tests.promises.races.meeting import PLACES, Meeting
from tests.promises.races.racer import Racer
from tests.promises.races.work import COMMANDS, Desk, Saved, Stored

ROUNDS = int(os.environ.get("RACE_ROUNDS", "60"))
SEED = int(os.environ.get("RACE_SEED", "1"))
COMMAND_LINES = 5
PREPARED = ("david", "jan")

Run: TypeAlias = Callable[..., Result]


class Track:
    """Two people on one project of a server, what they saved, and where their runs meet."""

    def __init__(self, root: Path, server: Server, proxy: Proxy, seed: int) -> None:
        self.chance = random.Random(seed)
        self.saved = Saved()
        self.bucket, self.s3 = server.bucket, server.client("david")
        store = f"s3://{server.bucket}/{uuid.uuid4().hex}"
        self.prefix = f"{store.rpartition('/')[2]}/{REPO}/{PROJECT}/"
        self.people = {
            name: Person(
                name,
                root / name,
                {**server.environment(name), "AWS_ENDPOINT_URL": proxy.endpoint_url, "S3SYNC_STORE": store},
            )
            for name in PREPARED
        }
        for person in self.people.values():
            person.staging.mkdir(parents=True)
        self.desks = {name: Desk(person, self.saved, self.chance) for name, person in self.people.items()}
        self.meeting = Meeting(proxy, {server.users[name].access_key: name for name in PREPARED})
        self.unexplained: set[str] = set()
        self.figures: Counter[str] = Counter()

    def stored(self) -> Stored:
        return Stored.look(self.s3, self.bucket, self.prefix)

    def round(self, number: int, runs: Mapping[str, Run]) -> None:
        """Both work, both run a command at once, and nothing is lost."""
        for desk in self.desks.values():
            desk.work(desk.person.name, number)
        if self.chance.random() < 0.3:
            self._same_file(number)
        commands = {name: self.chance.choice(COMMANDS) for name in PREPARED}
        self._give_up_trash(commands)
        self.meeting.begin(self.chance.choice(list(PLACES)), self.chance.choice(["", *PREPARED]))

        def race(name: str) -> Result:
            try:
                return runs[name](*commands[name], "--json")
            finally:
                self.meeting.over(name)

        with ThreadPoolExecutor(2) as threads:
            results = dict(zip(PREPARED, threads.map(race, PREPARED), strict=True))
        self._check(f"round {number}, {commands}", results)

    def _same_file(self, number: int) -> None:
        """Both save one name: the same bytes, or each their own."""
        name = self.chance.choice(["draft.mp4", "cut/one.mp4"])
        same = self.chance.random() < 0.4
        for who, desk in self.desks.items():
            desk.write(name, f"{'both' if same else who} {number} the same name".encode(), f"{who} {number}")

    def _give_up_trash(self, commands: Mapping[str, list[str]]) -> None:
        """Whoever empties a trash gives up what is in it by then; and with --unseen all that they never had."""
        for name, command in commands.items():
            if command[0] == "cleanup":
                stored = self.stored()
                self.saved.given_up(self.desks[name].trash() if "--local" in command else stored.trash)
                if "--unseen" in command:
                    self.saved.given_up(set(stored.files.values()) - set(self.desks[name].files().values()))

    def _check(self, story: str, results: Mapping[str, Result]) -> None:
        story += "".join(f"\n{name}: {result}" for name, result in results.items())
        for name, result in results.items():
            assert result.code in (0, 4, 5), story
            assert self.desks[name].partial() == [], story
            self.figures[f"exit {result.code}"] += 1
        stored = self.stored()
        held = {*stored.files.values(), *stored.trash}
        for desk in self.desks.values():
            held |= {*desk.files().values(), *desk.trash()}
        lost = {where for digest, where in self.saved.where.items() if digest not in held}
        assert not lost, f"lost {lost} in {story}"
        self._check_manifest(stored, story, mended=any(result.code in (0, 4) for result in results.values()))
        self.figures["overlapped"] += self.meeting.met()
        self.figures["met again"] += self.meeting.met("place")
        self.figures["refused writes"] += self.meeting.refused()

    def _check_manifest(self, stored: Stored, story: str, *, mended: bool) -> None:
        """A record may be of another version only where both changed one name in this round, or it was so before."""
        changed = {key.removeprefix(self.prefix): who for key, who in self.meeting.changed_by().items()}
        allowed = {name for name, who in changed.items() if len(who) == 2 or name in self.unexplained}
        if not mended:
            allowed |= self.unexplained
        wrong = stored.unexplained()
        assert wrong <= allowed, f"metadata.json is wrong about {wrong - allowed} in {story}"
        self.figures["rounds that left a repair"] += bool(wrong)
        self.unexplained = wrong

    def settle(self, runs: Mapping[str, Run]) -> None:
        """Both bring back what was cleaned up and sync in turn: then both have what the store has, and rest."""
        for name in PREPARED:
            self.meeting.over(name)
        for name in PREPARED:
            assert runs[name]("up", "--again", "--json").code in (0, 4)
        for turn in range(4):
            result = runs[PREPARED[turn % 2]]("sync", "--max-delete", "999", "--json")
            assert result.code in (0, 4), result
        stored = self.stored()
        one, other = (self.desks[name].files() for name in PREPARED)
        assert one == other == stored.files
        assert stored.unexplained() == set()
        assert {name: record.md5 for name, record in stored.manifest.files.items()} == one
        for name in PREPARED:
            again = runs[name]("sync", "--json")
            assert again.code == 0 and [again.json[key] for key in ("uploaded", "downloaded", "deleted")] == [[]] * 3
        assert self.stored().manifest == stored.manifest


NewTrack: TypeAlias = Callable[[Server], Track]


@pytest.fixture
def new_track(tmp_path: Path) -> Iterator[NewTrack]:
    with ExitStack() as stack:
        yield lambda server: Track(tmp_path, server, stack.enter_context(Proxy(server.endpoint_url)), SEED)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "server_name",
    [
        pytest.param("seaweedfs", marks=pytest.mark.seaweedfs),
        pytest.param("ministack", marks=[pytest.mark.ministack, pytest.mark.slow]),
    ],
)
def test_nothing_is_lost_between_two_who_run_at_once(
    new_track: NewTrack, server_name: str, request: pytest.FixtureRequest
) -> None:
    track = new_track(request.getfixturevalue(server_name))
    with ExitStack() as stack:
        runs = {name: stack.enter_context(Racer(person)).run for name, person in track.people.items()}
        for number in range(ROUNDS):
            track.round(number, runs)
        track.settle(runs)
    print(server_name, ROUNDS, dict(track.figures))
    assert track.figures["overlapped"] == ROUNDS
    assert track.figures["refused writes"] > ROUNDS / 10


@pytest.mark.seaweedfs
def test_nothing_is_lost_between_two_command_lines(new_track: NewTrack, seaweedfs: SeaweedFS) -> None:
    """A few rounds with a process of its own for each command."""
    track = new_track(seaweedfs)
    runs = {name: person.run for name, person in track.people.items()}
    for number in range(COMMAND_LINES):
        track.round(number, runs)
    track.settle(runs)
    assert track.figures["overlapped"] == COMMAND_LINES

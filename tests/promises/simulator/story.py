"""A story: run it, and when it breaks a promise, find the shortest story that still does."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from s3sync.sync.report import RunReport
from tests.promises.simulator.actions import Rename, Run, Step
from tests.promises.simulator.invariants import Violation
from tests.promises.simulator.look import name_is_taken, tree
from tests.promises.simulator.random_beside import BesideTeller
from tests.promises.simulator.random_renames import RenameTeller
from tests.promises.simulator.random_story import StoryTeller
from tests.promises.simulator.random_together import TogetherTeller
from tests.promises.simulator.random_way_back import WayBackTeller
from tests.promises.simulator.world import World

MOST_TRIES = 600
ALL_OF_THEM = 1_000_000
FOR_ALL = ("up", "down", "sync", "cleanup", "pin", "who", "queue add", "queue clear", "select")
"""Commands that need no name of a file."""


class Story(Struct, frozen=True):
    seed: int
    users: tuple[str, ...]
    blind: tuple[str, ...]
    steps: tuple[Step, ...]
    makes_way: bool = False
    """Whether in the end people rename what keeps a file and a folder of one name apart."""

    def __str__(self) -> str:
        who = ", ".join(f"{user} (disk ignores case)" if user in self.blind else user for user in self.users)
        lines = [f"{number:3}. {step}" for number, step in enumerate(self.steps, 1)]
        return "\n".join([f"users: {who}", *lines, "   . all is quiet: everybody syncs"])


def make_story(seed: int, steps: int, users: int | None = None, *, until: str = "") -> Story:
    """A seed of earlier times tells the story that it told then: until `moves`, `ways back`, `together` or `beside`
    came in."""
    teller = StoryTeller(seed, users)
    told = teller.story(steps)
    if until != "moves":
        told = teller.with_moves(told)
        if until != "ways back":
            told = WayBackTeller(seed, teller).added_to(told)
            told = RenameTeller(seed, teller).added_to(told)
            if until != "together":
                told = TogetherTeller(seed, teller).added_to(told)
                if until != "beside":
                    told = BesideTeller(seed, teller).added_to(told)
    return Story(seed, teller.users, teller.blind, tuple(told), makes_way=until not in ("moves", "ways back"))


def read_stories(data: bytes) -> dict[str, Story]:
    return msgspec.json.decode(data, type=dict[str, Story])


def run(story: Story) -> tuple[Counter[str], str]:
    """What was counted, and a digest of how it ended. Raises `Violation`."""
    room = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="s3sync-simulation-", dir=room if room.is_dir() else None))
    world = World(root, story.users, story.blind)
    try:
        for step in story.steps:
            world.do(step)
        quiet(world, makes_way=story.makes_way)
        world.counted["stories"] += 1
        return world.counted, _ending(world)
    finally:
        world.end_all_programs()
        shutil.rmtree(root, ignore_errors=True)


def _ending(world: World) -> str:
    """Without the names of trash folders, which are random."""
    last = world.referee.last
    trashes = [sorted(trash.values()) for trash in (*last.trash.values(), last.remote_trash)]
    return repr((last.work, last.remote, last.named, trashes, sorted(world.counted.items())))


def quiet(world: World, *, makes_way: bool) -> None:
    """Nobody edits and nothing fails any more: everybody converges, and then there is nothing left to do."""
    world.blind = set()
    world.go_home()
    world.end_all_programs()
    for path, lock in world.referee.last.locks.items():
        world.do(Run(lock.by, "unlock", files=(path,)))
    for _ in range(3 if makes_way else 2):
        for user in world.users:
            if makes_way:
                _make_way(world, user)
            world.do(Run(user, "sync", max_delete=ALL_OF_THEM))
    last = world.referee.last
    for user in world.users:
        if last.agreeable(user) != last.remote:
            raise Violation(f"after quiet, {user} and the remote differ: {last.work[user]} and {last.remote}")
    _metadata_is_true(world)
    before = tree(world.remote)
    for user in world.users:
        code, report = world._verb(Run(user, "sync"))
        assert isinstance(report, RunReport), report
        did = report.uploaded or report.downloaded or report.deleted or report.conflicts
        world.show()
        if code or did or tree(world.remote) != before or world.look() != last:
            raise Violation(f"a run with nothing to do did something: exit {code}, {report}")
        if list((world.stagings[user] / ".s3sync" / "partial").iterdir()):
            raise Violation(f"half a download is left in {user}'s partial folder")


def _make_way(world: World, user: str) -> None:
    """Where a file here and a folder there have one name, or the reverse, the user gives theirs another one."""
    last = world.referee.last
    for path in sorted(last.work[user]):
        if name_is_taken(path, last.remote):
            world.do(Rename(user, path, f"made way {user} {path.replace('/', ' ')}"))


def _metadata_is_true(world: World) -> None:
    """P7: metadata.json names just the objects that are there, and what they hold."""
    from hashlib import md5

    path = world.remote / "metadata.json"
    named = json.loads(path.read_bytes())["files"] if path.exists() else []
    there = {name: (world.remote / name).read_bytes() for name in world.referee.last.remote}
    says = {file["name"]: (file["size_bytes"], file.get("md5")) for file in named}
    if says.keys() != there.keys():
        raise Violation(f"metadata.json names {sorted(says)}, and there are {sorted(there)}")
    for name, data in there.items():
        size, digest = says[name]
        if size != len(data) or digest not in (None, md5(data).hexdigest()):
            raise Violation(f"metadata.json is wrong about {name}")


def shortest(story: Story, *, tries: int = MOST_TRIES) -> tuple[Story, Violation | None]:
    """Steps, then what happens in them, are left out as long as some promise is still broken."""
    error: Violation | None = None
    found = True
    while found and tries > 0:
        found = False
        for smaller in _smaller(story):
            tries -= 1
            if tries <= 0:
                break
            try:
                run(smaller)
            except Violation as violation:
                story, error, found = smaller, violation, True
                break
    return story, error


def _smaller(story: Story) -> Iterator[Story]:
    steps = story.steps
    size = len(steps) // 2
    while size:
        for start in range(len(steps) - size, -1, -size):
            yield replace(story, steps=steps[:start] + steps[start + size :])
        size //= 2
    if len(story.users) > 2:
        user = story.users[-1]
        yield replace(story, users=story.users[:-1], blind=(), steps=tuple(_without(user, steps)))
    if story.blind:
        yield replace(story, blind=())
    for number, step in enumerate(steps):
        if isinstance(step, Run):
            for simpler in _simpler(step):
                yield replace(story, steps=(*steps[:number], simpler, *steps[number + 1 :]))


def _without(user: str, steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        if getattr(step, "user", None) == user:
            continue
        if isinstance(step, Run):
            others = tuple(m for m in step.meanwhile if getattr(m.step, "user", None) != user)
            step = replace(step, meanwhile=others)
        yield step


def _simpler(run: Run) -> Iterator[Run]:
    for many in ("faults", "meanwhile"):
        there: Sequence[object] = getattr(run, many)
        for number in range(len(there)):
            yield replace(run, **{many: (*there[:number], *there[number + 1 :])})
    plain = Run(run.user, run.verb, files=run.files if run.kind not in FOR_ALL or run.verb == "down --version" else ())
    for name in ("crash", "full", "late", "often", "policy", "max_delete", "files", "to", "side", "dry_run",
                 "careful", "number"):  # fmt: skip
        if getattr(run, name) != getattr(plain, name):
            yield replace(run, **{name: getattr(plain, name)})

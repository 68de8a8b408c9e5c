"""Dashboards to look at: one as a team would have it, one with very many projects, one whose names are hostile."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from s3sync.core.times import format_time
from s3sync.dashboard import commands
from s3sync.dashboard.values import (
    Conflict,
    Costs,
    CostShare,
    Dashboard,
    File,
    Held,
    Lock,
    Member,
    Repository,
    ShownProject,
    SpentMonth,
    Thaw,
    Tiers,
    Transfer,
    Version,
)
from tests.kit.films import film

NOW = datetime(2026, 11, 26, 17, 0, tzinfo=UTC)
WORDS = "harbour kites lantern orchard ferry quarry violin glacier market tunnel meadow copper".split()  # noqa: SIM905
PEOPLE = ("david", "jan", "mary")
GB = 1_000_000_000

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "'; touch /tmp/owned; '",
    "$(touch owned) `id` ${HOME}",
    "--store=s3:／／evil",
    "\u202egnp.exe",
    "a\x1b]0;title\x07b",
    '"><svg/onload=alert(3)>',
    "{{7*7}} javascript:alert(4)",
    "line\nrm -rf owned\n",
    "\u2028]]>--><!--",
    "two \u3164names",
    "é" * 300,
)


def at(**ago: float) -> str:
    return format_time(NOW - timedelta(**ago))


def thaw(unit: str, state: str, *, asked: float = 1, ready: float | None = None, until: float | None = None) -> Thaw:
    """A thaw of the GLACIER class; times are hours, `ready` and `until` from now on."""
    return Thaw(
        key=f"films/{unit}.tar.zst",
        unit=unit,
        state=state,
        storage_class="GLACIER",
        tier="standard",
        size_bytes=48 * GB,
        requested_at=at(hours=asked),
        ready_by=None if ready is None else at(hours=-ready),
        until=None if until is None else at(hours=-until),
        commands=commands.of_thaw(unit, state),
    )


def picture(kind: str) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(film(kind)).decode()}"


def many(count: int, *, seed: int = 7) -> Dashboard:
    """A repository of so many projects, each with some files."""
    return Dashboard(
        format_time(NOW),
        [
            Repository(
                "v-voz",
                "s3://voz-video",
                "/home/david/v-voz",
                "cd /home/david/v-voz",
                "david",
                list(_projects(count, random.Random(seed))),
            )
        ],
    )


def _projects(count: int, dice: random.Random) -> Iterator[ShownProject]:
    for number in range(count):
        name = f"b{number:04}-{dice.choice(WORDS)}-{dice.choice(WORDS)}"
        days = dice.randrange(1, 1500)
        size, files = dice.randrange(1, 90) * GB // 7, dice.randrange(3, 40)
        tiers = Tiers(
            local=Held(size, files, at(days=days)) if days < 200 else None,
            ssd=Held(size, 1, at(days=days // 2), "STANDARD") if 100 < days < 700 else None,
            s3=Held(size, files, at(days=days)) if days < 500 else None,
            glacier=Held(size, 1, at(days=days // 2), "DEEP_ARCHIVE") if days > 400 else None,
        )
        here, in_store = tiers.local is not None, tiers.s3 is not None
        counts = {"in_sync": files, "local_new": 2} if here and number % 9 == 0 else {"in_sync": files}
        names = [f"cut/{dice.choice(WORDS)}-{at:02}.mp4" for at in range(6)]
        yield ShownProject(
            name,
            here=here,
            in_store=in_store,
            folder=f"{name}/s3-staging" if here else None,
            tiers=tiers,
            counts=counts,
            last_sync_at=at(days=days),
            last_sync_by=dice.choice(PEOPLE),
            files=[File(one, size // 6, "in_sync", "david", at(days=days), ("david",)) for one in names],
            members=[Member("david", at(days=days), "yes", host="studio-mac")],
            commands=commands.of_project(name, here=here, in_store=in_store, counts=counts, archived=days > 400),
        )


def costs() -> Costs:
    """Costs of a year, of which the last month has a week to go."""
    months = [f"{year}-{month:02}" for year, month in [(2025, 12), *((2026, number) for number in range(1, 12))]]
    sums = (3.2, 3.4, 4.1, 4.8, 5.9, 7.7, 9.4, 8.2, 7.1, 6.4, 6.6, 5.2)
    spent = [
        SpentMonth(one, sum_ * 0.78, sum_ * 0.07, sum_ * 0.15, one != months[-1])
        for one, sum_ in zip(months, sums, strict=True)
    ]
    shares = [
        CostShare("b63-flivideo", 2.61, 8 * GB),
        CostShare("b64-harbour-film", 1.4, 8 * GB),
        CostShare("b40-old-town", 0.17, 48 * GB),
    ]
    return Costs("USD", spent, 6.31, 8.0, shares, commands=[*commands.command("What this month costs", "cost")])


def team() -> Dashboard:
    """Some projects with everything that a dashboard shows."""
    board = many(14)
    board.repositories[0].costs = costs()
    first, second, third, fourth = board.repositories[0].projects[:4]
    for project, name in zip(
        (first, second, third, fourth), ("b63-flivideo", "b64-harbour-film", "b40-old-town", "b41-kites"), strict=True
    ):
        project.name = name
    first.tiers = Tiers(local=Held(9 * GB, 5, at(hours=2)), s3=Held(8 * GB, 4, at(hours=5)))
    first.here = first.in_store = True
    first.folder = "b63-flivideo/s3-staging"
    first.counts = {"in_sync": 2, "local_new": 1, "conflict": 1, "remote_modified": 1}
    first.last_sync_at, first.last_sync_by = at(hours=2), "jan"
    first.files = [
        File(
            "cut/draft 3.mp4",
            6 * GB,
            "conflict",
            "jan",
            at(hours=5),
            ("jan",),
            ("david", "mary"),
            picture("pretty.jpg"),
        ),
        File("stills/poster.jpg", 8_400_000, "local_new", None, None, (), (), picture("prettier.jpg")),
        File("audio/mix.wav", 412_000_000, "remote_modified", "mary", at(hours=3), ("mary", "jan"), ("david",)),
        File("notes/script.pdf", 240_000, "in_sync", "david", at(days=3), PEOPLE),
        File("cut/color.mov", 2 * GB, "in_sync", "david", at(days=3), ("david", "jan"), ("mary",)),
    ]
    mine = Version("cut/draft 3.mp4", "local", 6 * GB, "david", at(hours=4), "mine")
    theirs = Version("cut/draft 3.mp4", "remote", 6 * GB + 4_000_000, "jan", at(hours=5), "theirs")
    first.conflicts = [
        Conflict("cut/draft 3.mp4", "live", None, (mine, theirs), commands.of_conflict(first.name, "cut/draft 3.mp4"))
    ]
    first.locks = [
        Lock("cut/draft 3.mp4", "jan", False, at(hours=-2.5), "jans-mac", "color, until noon"),
        Lock(
            "audio/mix.wav",
            "david",
            True,
            at(hours=-1),
            "studio-mac",
            None,
            commands.of_lock(first.name, "audio/mix.wav", is_mine=True),
        ),
    ]
    first.members = [
        Member("david", at(minutes=4), "no", 2, ("cut/draft 3.mp4", "audio/mix.wav"), "studio-mac"),
        Member("jan", at(hours=2), "yes", host="jans-mac"),
        Member("mary", at(days=2), "unknown", host="mary-pc"),
    ]
    first.transfers = [
        Transfer(
            "cut/color.mov",
            "up",
            1_400_000_000,
            2 * GB,
            at(minutes=40),
            commands.of_transfer(first.name, "cut/color.mov", "up"),
        )
    ]
    first.commands = commands.of_project(first.name, here=True, in_store=True, counts=first.counts, archived=False)
    for project, one in (
        (third, thaw("b40-old-town", "thawing", asked=3, ready=2)),
        (fourth, thaw("b41-kites", "thawed", asked=30, until=52)),
    ):
        project.here, project.tiers = (
            False,
            Tiers(glacier=Held(48 * GB, 1, at(days=420), "GLACIER"), ssd=Held(48 * GB, 1, at(days=500))),
        )
        project.thaws, project.counts, project.in_store = [one], {}, False
        project.commands = commands.of_project(project.name, here=False, in_store=False, counts={}, archived=True)
    return board


def hostile() -> Dashboard:
    """Every text that others choose is one that somebody chose badly."""
    bad = HOSTILE
    projects = [
        ShownProject(
            name,
            here=True,
            in_store=True,
            folder=name,
            tiers=Tiers(s3=Held(5, 1, name, name)),
            counts={name: 1},
            last_sync_at=name,
            last_sync_by=name,
            problem=name,
            files=[File(one, 5, one, one, one, (one,), (one,), "javascript:alert(5)") for one in bad],
            files_left=1,
            conflicts=[
                Conflict(
                    name, name, name, (Version(name, name, 1, name, name, name),), commands.of_conflict(name, name)
                )
            ],
            locks=[Lock(name, name, True, name, name, name, commands.of_lock(name, name, is_mine=True))],
            members=[Member(name, name, name, 3, (name,), name)],
            transfers=[Transfer(name, name, 1, 2, name, commands.of_transfer(name, name, "up"))],
            thaws=[Thaw(name, name, name, name, name, 5, name, name, name, commands.of_thaw(name, "thawing"))],
            commands=commands.of_project(name, here=True, in_store=True, counts={"local_new": 1}, archived=True),
        )
        for name in bad
    ]
    repository = Repository(
        bad[0],
        bad[1],
        bad[2],
        f"cd '{bad[3]}'",
        bad[5],
        projects,
        notes=[bad[7]],
        problem=bad[8],
        costs=Costs(
            bad[0],
            [SpentMonth(one, 1.0, 2.0, 3.0, False, True) for one in bad],
            9.0,
            8.0,
            [CostShare(one, 1.0, 5) for one in bad],
            lacks=bad[1],
            commands=projects[2].commands,
        ),
    )
    return Dashboard(format_time(NOW), [repository])

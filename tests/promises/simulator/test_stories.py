"""Stories in which a promise was broken once: found by the simulator, made as short as could be, and mended."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from tests.promises.simulator.actions import (
    Disguise,
    Fault,
    Ignore,
    Meanwhile,
    OtherTool,
    Remove,
    RenameClone,
    Run,
    Save,
    Settle,
    Swap,
)
from tests.promises.simulator.contents import Content
from tests.promises.simulator.found import FOUND
from tests.promises.simulator.story import Story
from tests.promises.simulator.telling import AGREED, LARGE, MIDDLE, SMALL, at_any, story
from tests.promises.simulator.told_beside import TOLD_BESIDE
from tests.promises.simulator.told_renames import TOLD_RENAMES
from tests.promises.simulator.told_together import TOLD_TOGETHER
from tests.promises.simulator.told_way_back import TOLD_WAY_BACK

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.timeout(1800)

CHANGES = range(10, 45, 2)
"""Where a process is made to die: a run of one file makes about so many changes."""


STORIES: dict[str, list[Story]] = {
    **{name: [found] for name, found in FOUND.items()},
    **TOLD_WAY_BACK,
    **TOLD_RENAMES,
    **TOLD_TOGETHER,
    **TOLD_BESIDE,
    "A1: another store, up, and back": story(
        *AGREED,
        Settle("jan", "other"),
        Save("jan", "draft.mp4", SMALL),
        Run("jan", "up"),
        Settle("jan"),
        Run("jan", "sync", max_delete=100),
    ),
    "A2: a store that was left empty is no deletion in the next": story(
        *AGREED,
        Settle("jan", "other"),
        Run("jan", "sync", max_delete=100),
        Settle("jan"),
        Run("jan", "sync", max_delete=100),
    ),
    "A2: what went from the folder in one place is no wish about another": story(
        *AGREED,
        Settle("jan", "other"),
        Run("jan", "up"),
        Run("jan", "cleanup --local"),
        Settle("jan"),
        Run("jan", "sync", max_delete=100),
    ),
    "A3: an edit with its time put back": [
        told
        for verb in ("up", "sync", "cleanup --local")
        for told in story(*AGREED, Disguise("jan", "notes", 77), Run("jan", verb), Run("jan", "sync"))
    ],
    "A4: a renamed clone is the same place": story(
        *AGREED,
        RenameClone("jan", "worktree"),
        Save("jan", "draft.mp4", SMALL),
        Run("jan", "up"),
        Run("jan", "sync", max_delete=100),
    ),
    "A6: ignored for a while, and deleted in that time": [
        told
        for verb in ("up", "down", "sync")
        for told in story(
            *AGREED,
            Ignore("jan", ("notes",)),
            Run("jan", verb),
            Remove("jan", "notes"),
            Ignore("jan", ()),
            Run("jan", "sync", max_delete=100),
        )
    ],
    "A7: a file becomes a folder, in one sync or in two": [
        told
        for between in ((), (Remove("jan", "notes"), Run("jan", "sync", max_delete=100)))
        for told in story(
            *AGREED,
            *between,
            Swap("jan", "notes/inside.mov", SMALL),
            Run("jan", "sync", max_delete=100),
            Run("david", "sync", max_delete=100),
        )
    ],
    "A7: a folder becomes a file, in one sync or in two": [
        told
        for between in ((), (Remove("jan", "cut/deep/a.wav"), Run("jan", "sync", max_delete=100)))
        for told in story(
            Save("david", "cut/deep/a.wav", MIDDLE),
            Run("david", "sync"),
            Run("jan", "sync"),
            *between,
            Swap("jan", "cut", SMALL),
            Run("jan", "sync", max_delete=100),
            Run("david", "sync", max_delete=100),
        )
    ],
    "A8: a folder of nothing where a file arrives": story(
        Swap("jan", "notes", None), Save("david", "notes", SMALL), Run("david", "up"), Run("jan", "down")
    ),
    "A10: a renamed project is another place": story(
        *AGREED, Settle("jan", project="renamed"), Run("jan", "sync", max_delete=100), Settle("jan"), Run("jan", "sync")
    ),
    "A12: a cleanup, whole or in part, and the sync of somebody else": [
        told
        for files in ((), ("notes",))
        for told in story(
            *AGREED,
            Save("jan", "b.bin", SMALL),
            Run("jan", "sync"),
            Run("david", "cleanup", files=files),
            Run("jan", "sync", max_delete=100),
        )
    ],
    "an object in parts is deleted between the listing and the question for its part size": story(
        OtherTool("draft.mp4", SMALL, "parts"),
        Run("david", "down"),
        Run("jan", "down"),
        Run("david", "up", meanwhile=(Meanwhile(3, Run("jan", "cleanup")),)),
    ),
    "half a download of what was deleted meanwhile": at_any(
        CHANGES,
        lambda number: story(
            Save("jan", "notes", LARGE),
            Run("jan", "up"),
            Run("david", "down", crash=number),
            Run("jan", "cleanup"),
        ),
    ),
    "half a download of what came another way": at_any(
        CHANGES,
        lambda number: story(
            Save("jan", "notes", LARGE),
            Run("jan", "up"),
            Run("david", "down", crash=number),
            Save("david", "notes", LARGE),
        ),
    ),
    "a death between making a conflict copy and moving mine away, and a second run in the same second": at_any(
        CHANGES,
        lambda number: story(
            Save("david", "b.bin", SMALL),
            Run("david", "sync"),
            Save("jan", "b.bin", MIDDLE),
            Run("jan", "sync", crash=number),
        ),
    ),
    "two deaths while both versions are kept, with a user, another tool or a disk that ignores case in between": [
        replace(told, blind=("jan",) if name == "DRAFT.mp4" else ())
        for first in range(13, 33, 4)
        for second in (11, 15, 19)
        for name, between in (
            ("DRAFT.mp4", ()),
            ("draft.mp4", (Save("jan", "draft.mp4", LARGE, in_place=True),)),
            ("draft.mp4", (OtherTool("draft.mp4", SMALL),)),
        )
        for told in story(
            OtherTool("draft.mp4", SMALL),
            Run("jan", "down"),
            Save("jan", "draft.mp4", Content(4, 300)),
            OtherTool("draft.mp4", MIDDLE) if name == "draft.mp4" else OtherTool(name, MIDDLE),
            Run("jan", "sync", crash=first, max_delete=100),
            *between,
            Run("jan", "sync", crash=second, max_delete=100),
            Run("jan", "sync", max_delete=100),
        )
    ],
    "the object that a conflict copy was to be copied from is replaced by the same run": story(
        Save("jan", "DRAFT.mp4", LARGE),
        Run("jan", "sync"),
        Save("jan", "b.bin", LARGE),
        Save("jan", "DRAFT.mp4", MIDDLE),
        OtherTool("b.bin", SMALL),
        Run("jan", "sync"),
    ),
    "an upload whose answer was lost, of what another tool had deleted": [
        told
        for number in range(1, 4)
        for told in story(
            Save("david", "notes", SMALL),
            Run("david", "sync"),
            OtherTool("notes", None),
            Save("jan", "notes", SMALL),
            Run("jan", "up", faults=(Fault(number, "lost"),)),
        )
    ],
    "what was deleted, and could not be recorded, is put back while that is made up for": [
        told
        for number in range(3, 9)
        for told in story(
            Save("david", "b.bin", MIDDLE),
            Run("david", "sync"),
            Run("david", "cleanup", faults=(Fault(1, "lost"),)),
            Save("jan", "b.bin", MIDDLE),
            Save("david", "notes", SMALL),
            Run("david", "up", files=("notes",), meanwhile=(Meanwhile(number, Run("jan", "up")),)),
        )
    ],
    "a conflict copy that could not be sent, or whose answer was lost": [
        told
        for kind in ("ghost", "lost", "busy")
        for number in range(4, 9)
        for told in story(
            OtherTool("b.bin", MIDDLE),
            Save("jan", "b.bin", SMALL),
            Run("jan", "sync", faults=(Fault(number, kind),)),
            Run("jan", "sync"),
        )
    ],
}


THOROUGH = bool(os.environ.get("S3SYNC_THOROUGH"))
TOLD_IN_THE_SUITE = 10
"""So many tellings of one story, or half of them where that is more: where the trouble comes differs between them."""


def chosen(name: str) -> list[Story]:
    """The tellings of a story, or some of many; always the same ones. With S3SYNC_THOROUGH=1 there are all."""
    stories = STORIES[name]
    most = max(TOLD_IN_THE_SUITE, len(stories) // 2)
    if THOROUGH or len(stories) <= most:
        return stories
    return random.Random(name).sample(stories, most)


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest) -> dict[str, str | None]:
    """What became of the stories that were asked for."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    wanted = {str(item.callspec.params["name"]) for item in items if item.originalname == "test_story"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.promises.simulator", "--stories"],
        cwd=ROOT,
        input=msgspec.json.encode({f"{name} {n}": s for name in wanted for n, s in enumerate(chosen(name))}),
        capture_output=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, str | None] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("name", STORIES)
def test_story(told: dict[str, str | None], name: str) -> None:
    assert [told[f"{name} {number}"] for number in range(len(chosen(name)))] == [None] * len(chosen(name))

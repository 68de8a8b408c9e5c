"""Stories of regretted deletions, runs and cleanups, and of those that come in between."""

from __future__ import annotations

from tests.promises.simulator.actions import Meanwhile, OtherTool, Remove, Run, Save, Step, Wait
from tests.promises.simulator.contents import Content
from tests.promises.simulator.story import Story
from tests.promises.simulator.telling import AGREED, LARGE, MIDDLE, SMALL, at_any, story

CALLS = range(1, 8)
CHANGES = range(4, 40, 3)
NEWER = Content(5, 700)


def sync(user: str) -> Run:
    return Run(user, "sync", max_delete=100)


REPLACED: tuple[Step, ...] = (*AGREED, Save("david", "notes", NEWER), sync("david"), sync("jan"))
"""The old version is in the remote's trash, and in jan's."""
MORE: tuple[Step, ...] = (
    *(Save("david", name, content) for name, content in (("notes", MIDDLE), ("b.bin", LARGE), ("draft.mp4", SMALL))),
    sync("david"),
    sync("jan"),
)
BUSY: tuple[Step, ...] = (
    *MORE,
    Save("david", "notes", NEWER),
    Remove("david", "b.bin"),
    Save("david", "cut/scene 1.mov", LARGE),
    sync("david"),
    Save("jan", "draft.mp4", Content(6, 1500)),
    Save("jan", "notes", Content(7, 300)),
    sync("jan"),
)
"""Jan's last run sent, fetched, deleted, and kept both versions."""

LAST_THERE: tuple[Step, ...] = (
    Save("david", "notes", MIDDLE),
    sync("david"),
    Save("david", "notes", NEWER),
    sync("david"),
    Save("david", "b.bin", SMALL),
    sync("david"),
)
"""The old version is in the remote's trash, and nowhere else."""
LAST_HERE: tuple[Step, ...] = (
    *AGREED,
    Save("david", "notes", NEWER),
    Run("david", "up"),
    Save("jan", "notes", SMALL),
    Run("jan", "down", policy="theirs"),
)
"""Jan's version is in jan's trash, and nowhere else."""
OF_THEIR_SIZES: tuple[Step, ...] = (
    Save("david", "draft.mp4", Content(11, MIDDLE.size)),
    Save("david", "DRAFT.mp4", Content(12, SMALL.size)),
    sync("david"),
    sync("jan"),
)

TOLD_WAY_BACK: dict[str, list[Story]] = {
    "A12: a cleanup while the sync of somebody else looks at the store": [
        told
        for late in (False, True)
        for told in at_any(
            CALLS,
            lambda call, late=late: story(  # type: ignore[misc]
                *MORE,
                Run("jan", "sync", max_delete=100, late=late, meanwhile=(Meanwhile(call, Run("david", "cleanup")),)),
            ),
        )
    ],
    "A12: a sync of somebody else in the middle of a cleanup": at_any(
        CALLS,
        lambda call: story(*MORE, Run("david", "cleanup", meanwhile=(Meanwhile(call, sync("jan")),)), sync("jan")),
    ),
    "A12: a cleanup that dies in its middle, and the sync of somebody else": at_any(
        CHANGES, lambda change: story(*MORE, Run("david", "cleanup", crash=change), sync("jan"))
    ),
    "A12: up --again after a cleanup in part": story(
        *MORE, Run("david", "cleanup", files=("b.bin",)), sync("jan"), Run("jan", "up --again"), sync("david")
    ),
    "A11: a cleanup with last copies in the trash": [
        told
        for verb in ("cleanup", "cleanup --unseen", "cleanup --local", "cleanup --local --trash", "cleanup --trash")
        for user in ("david", "jan")
        for start in (REPLACED, LAST_THERE, LAST_HERE)
        for told in story(*start, sync(user), Run(user, verb), sync("jan"))
    ],
    "a cleanup of what was edited or deleted here": [
        told
        for verb in ("cleanup", "cleanup --unseen", "cleanup --permanently", "cleanup --unseen --permanently")
        for told in story(
            *MORE,
            Save("david", "b.bin", NEWER),
            Remove("david", "notes"),
            Run("david", verb),
            sync("jan"),
            sync("david"),
        )
    ],
    "a cleanup for good, during whose question somebody sends more": [
        told
        for verb in ("cleanup --permanently", "cleanup --unseen --permanently")
        for between in (Save("jan", "notes", Content(8, 40)), OtherTool("draft.mp4", Content(9, 40)), Run("jan", "up"))
        for told in story(
            *MORE,
            Save("jan", "b.bin", Content(10, 40)),
            Run("david", verb, meanwhile=(Meanwhile(1, between, "question"),)),
            sync("jan"),
        )
    ],
    "A13: a deletion regretted, here or by the other": [
        told
        for user, side in (("david", "remote"), ("jan", "local"), ("jan", "remote"), ("jan", ""))
        for told in story(
            *MORE,
            Remove("david", "b.bin"),
            sync("david"),
            sync("jan"),
            Run(user, "trash restore", files=("b.bin",), side=side),
            sync("jan"),
            sync("david"),
        )
    ],
    "A13: a restore that dies, of what the base still knows": at_any(
        CHANGES,
        lambda change: story(
            *MORE,
            Remove("david", "b.bin"),
            sync("david"),
            Remove("jan", "b.bin"),
            Run("jan", "trash restore", files=("b.bin",), side="remote", crash=change),
            sync("jan"),
        ),
    ),
    "what comes into a trash during the question is not emptied": [
        told
        for side in ("local", "remote", "")
        for told in story(
            *REPLACED,
            Save("david", "notes", SMALL),
            Run("david", "sync"),
            Run("jan", "trash empty", side=side, meanwhile=(Meanwhile(1, sync("jan"), "question"),)),
            Run("jan", "undo"),
        )
    ],
    "undo of a run that did everything": story(*BUSY, Run("jan", "undo"), sync("david"), sync("jan")),
    "undo of what was changed since, here or by the other": [
        *story(*REPLACED, Save("jan", "notes", SMALL), sync("jan"), Run("david", "undo"), sync("david")),
        *story(*REPLACED, Save("jan", "notes", SMALL), Run("jan", "undo"), sync("jan")),
        *story(*REPLACED, Remove("jan", "notes"), Run("jan", "undo"), sync("jan")),
        *story(*REPLACED, OtherTool("notes", SMALL), Run("david", "undo"), sync("jan")),
    ],
    "undo of a pinned version that came from another name": story(
        Save("jan", "notes", LARGE),
        Run("jan", "sync"),
        Save("david", "notes", MIDDLE),
        Run("david", "pin"),
        Run("david", "sync"),
        Run("david", "cleanup --local"),
        Run("david", "down --pinned"),
        Run("david", "undo"),
    ),
    "another command of its user while a version is looked for": at_any(
        CALLS,
        lambda call: story(
            Save("jan", "notes", LARGE),
            Save("david", "notes", MIDDLE),
            Run("david", "sync"),
            Run(
                "jan",
                "down --version",
                files=("notes",),
                meanwhile=(Meanwhile(call, Run("jan", "resolve --mine", files=("notes",))),),
            ),
        ),
    ),
    "undo that dies, and again": at_any(
        CHANGES, lambda change: story(*BUSY, Run("jan", "undo", crash=change), Run("jan", "undo"), sync("david"))
    ),
    "undo of what was fetched is no wish to delete it": [
        told
        for verb in ("down", "sync")
        for told in story(
            Save("david", "notes", MIDDLE), Run("david", "up"), Run("jan", verb), Run("jan", "undo"), sync("jan")
        )
    ],
    "undo while somebody else works": at_any(
        CALLS,
        lambda call: story(
            *BUSY,
            Run(
                "jan", "undo", meanwhile=(Meanwhile(call, Save("jan", "notes", SMALL)), Meanwhile(call, sync("david")))
            ),
        ),
    ),
    "the trash is brought within its limits, and last copies stay": [
        told
        for start in (REPLACED, LAST_THERE, LAST_HERE)
        for more in ((), (Save("david", "draft.mp4", MIDDLE), sync("david"), sync("jan")), OF_THEIR_SIZES)
        for told in story(
            *(*start, *more, Wait(2), sync("jan"), sync("david"), Wait(40), sync("jan"), sync("david")),
            *(Wait(2), sync("jan"), sync("david")),
        )
    ],
}

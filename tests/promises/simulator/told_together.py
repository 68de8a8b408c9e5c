"""Stories of what people do together, each with the trap that lies on the way."""

from __future__ import annotations

from tests.promises.simulator.actions import Begin, Finish, Meanwhile, OtherTool, Remove, Run, Save, Step, Wait
from tests.promises.simulator.contents import Content
from tests.promises.simulator.story import Story
from tests.promises.simulator.telling import AGREED, LARGE, MIDDLE, SMALL, at_any, story

CALLS = range(1, 14)
CHANGES = range(2, 80, 9)
FILES = ("notes",)
EDIT, THEIRS = Content(51, 700), Content(52, 1500)


def sync(user: str) -> Run:
    return Run(user, "sync", max_delete=100)


def lock(user: str, minutes: int = 60) -> Run:
    return Run(user, "lock", files=FILES, number=minutes)


def resolve(user: str, keep: str) -> Run:
    return Run(user, f"resolve --{keep}", files=FILES)


REPLACED: tuple[Step, ...] = (*AGREED, Save("david", "notes", EDIT), sync("david"))
"""The first version is in the remote's trash, and with jan."""
LIVE: tuple[Step, ...] = (*AGREED, Save("david", "notes", EDIT), sync("david"), Save("jan", "notes", THEIRS))
"""Both changed a file, and nothing was done about it."""
KEPT: tuple[Step, ...] = (*LIVE, sync("jan"), sync("david"))
"""Both versions were kept, and everybody has both."""
CHOICES = ("mine", "theirs", "both")
LACKING: tuple[Step, ...] = (*AGREED, Save("david", "notes", EDIT), Run("david", "up"))

TOLD_TOGETHER: dict[str, list[Story]] = {
    "a watch sends nothing of the queue that a program is writing": [
        told
        for more in ((), (Finish("david", "notes"), Run("david", "watch")))
        for told in story(
            *AGREED, Run("david", "queue add"), Begin("david", "notes", EDIT), Run("david", "watch"), *more
        )
    ],
    "what is locked is left alone by every command of the others": [
        told
        for change in (Save("jan", "notes", SMALL), Remove("jan", "notes"))
        for run in ("up", "sync", "cleanup", "cleanup --permanently", "undo", "watch --down")
        for told in story(
            *AGREED, Save("jan", "notes", EDIT), sync("jan"), sync("david"), lock("david"), change, Run("jan", run)
        )
    ],
    "a lock that is made while the other is at work": at_any(
        CALLS,
        lambda call: story(
            *AGREED, Save("jan", "notes", SMALL), Run("jan", "up", meanwhile=(Meanwhile(call, lock("david")),))
        ),
    ),
    "two lock one file at the same moment": [
        told
        for first in ((), (lock("jan", 60), Wait(minutes=85)), (lock("david", 60), Wait(minutes=85)))
        for method in ("put", "read_timed", "get", "")
        for told in story(
            *AGREED,
            *first,
            Run("david", "lock", files=FILES, meanwhile=(Meanwhile(1, lock("jan"), method),)),
            Save("david", "notes", EDIT),
            Run("david", "up"),
        )
    ],
    "a lock ends by the clock of the store, by its holder, or by force": [
        told
        for end in (
            (Wait(minutes=25),),
            (Wait(minutes=85),),
            (Wait(minutes=25), lock("david"), Wait(minutes=85)),
            (Run("david", "unlock", files=FILES),),
            (Run("jan", "unlock", files=FILES),),
            (Run("jan", "unlock --force", files=FILES),),
            (Run("david", "up --unlock"),),
        )
        for told in story(*AGREED, lock("david"), Save("jan", "notes", EDIT), *end, Run("jan", "up"), lock("jan"))
    ],
    "a lock, or its end, whose command dies": [
        told
        for verb in ("lock", "unlock", "up --unlock")
        for first in ((lock("david"),) if verb != "lock" else (),)
        for told in at_any(
            CHANGES[::2],
            lambda change, verb=verb, first=first: story(  # type: ignore[misc]
                *AGREED,
                *first,
                Run("david", verb, files=FILES if verb != "up --unlock" else (), crash=change),
                lock("jan"),
                Save("david", "notes", EDIT),
                sync("david"),
            ),
        )
    ],
    "whoever lacks something is waited for by a cleanup": [
        told
        for between in (
            (),
            (sync("jan"),),
            (Run("jan", "down --ack"),),
            (Run("david", "members remove", files=("jan",)),),
            (Save("jan", "b.bin", SMALL), Run("jan", "up", files=("b.bin",))),
        )
        for verb in ("cleanup", "cleanup --unseen", "cleanup --permanently")
        for told in story(*LACKING, *between, Run("david", verb, careful=True), Run("david", "who"), sync("jan"))
    ],
    "somebody fetches, or sends, while a cleanup looks and asks": [
        told
        for other in (Run("jan", "down"), Save("jan", "b.bin", SMALL), sync("jan"))
        for call in CALLS[::2]
        for told in story(
            *LACKING,
            Save("jan", "draft.mp4", SMALL),
            Run("david", "cleanup --unseen", careful=True, meanwhile=(Meanwhile(call, other),)),
            sync("jan"),
        )
    ],
    "what another tool put there is lacking, whatever its finder sends": [
        told
        for files in ((), ("b.bin",))
        for told in story(
            *AGREED,
            Save("jan", "b.bin", SMALL),
            OtherTool("draft.mp4", EDIT),
            Run("jan", "up", files=files),
            sync("david"),
            Run("david", "cleanup", careful=True),
        )
    ],
    "what came while somebody looked is lacking, also to whoever is new": [
        told
        for late in (False, True)
        for first in ((), AGREED)
        for call in range(1, 6)
        for told in story(
            *first,
            Save("jan", "b.bin", EDIT),
            Save("david", "draft.mp4", THEIRS),
            Run("jan", "sync", late=late, meanwhile=(Meanwhile(call, Run("david", "sync")),)),
            Run("david", "cleanup", careful=True),
        )
    ],
    "a conflict is decided, live or kept, by either": [
        told
        for start in (LIVE, KEPT, (*LIVE, sync("jan")))
        for user in ("david", "jan")
        for keep in CHOICES
        for told in story(*start, resolve(user, keep), sync("david"), sync("jan"), Run("jan", "undo"))
    ],
    "a decision that dies, and again": [
        told
        for start, keep in ((LIVE, "mine"), (LIVE, "both"), (KEPT, "mine"), (KEPT, "theirs"))
        for told in at_any(
            CHANGES,
            lambda change, start=start, keep=keep: story(  # type: ignore[misc]
                *start,
                Run("jan", f"resolve --{keep}", files=FILES, crash=change),
                resolve("jan", keep),
                sync("david"),
            ),
        )
    ],
    "somebody sends a third version, or decides otherwise, while one decides": [
        told
        for start in (LIVE, KEPT)
        for between in (
            (Save("david", "notes", SMALL), Run("david", "up")),
            (resolve("david", "mine"),),
            (resolve("david", "both"),),
            (lock("david"),),
        )
        for keep in ("mine", "theirs")
        for call in CALLS[1::4]
        for told in story(
            *start,
            Run(
                "jan",
                f"resolve --{keep}",
                files=FILES,
                meanwhile=tuple(Meanwhile(call, step) for step in between),
            ),
            sync("david"),
        )
    ],
    "the undo of a decision": [
        told
        for start in (LIVE, KEPT)
        for keep in CHOICES
        for told in story(*start, resolve("jan", keep), Run("jan", "undo"), Run("jan", "undo"), sync("david"))
    ],
    "what was pinned comes back, whatever became of it, and no work is lost": [
        told
        for change in (
            (Save("jan", "notes", SMALL),),
            (Save("jan", "notes", Content(54, MIDDLE.size)), sync("jan")),
            (Save("jan", "notes", SMALL), sync("jan")),
            (Save("david", "notes", EDIT), sync("david"), sync("jan")),
            (Save("david", "notes", EDIT), sync("david")),
            (Remove("jan", "notes"), sync("jan")),
            (Run("jan", "cleanup"), Remove("jan", "notes")),
            (Run("jan", "cleanup --local"),),
            (Save("jan", "notes", SMALL), Run("jan", "up"), Save("jan", "notes", EDIT)),
        )
        for told in story(
            *AGREED, Run("jan", "pin"), *change, Run("jan", "down --pinned"), Run("jan", "up"), sync("david")
        )
    ],
    "a pinned version that comes back is no answer to what others sent since": [
        told
        for verb in ("up", "sync", "watch")
        for back in (Run("jan", "down --pinned"), Run("jan", "down --version", files=FILES, number=1))
        for told in story(
            *REPLACED,
            sync("jan"),
            Save("jan", "notes", LARGE),
            sync("jan"),
            Run("jan", "pin"),
            Save("jan", "notes", SMALL),
            sync("jan"),
            sync("david"),
            Save("david", "notes", THEIRS),
            sync("david"),
            back,
            Run("jan", verb),
            Run("jan", "undo"),
        )
    ],
    "what is pinned is what is here, also with its time put back": story(
        *AGREED,
        Run("jan", "pin"),
        Save("jan", "b.bin", LARGE),
        Remove("jan", "notes"),
        Run("jan", "pin"),
        Save("jan", "b.bin", Content(53, 2600)),
        Run("jan", "pin", files=("b.bin",)),
    ),
    "bringing back dies, or is disturbed": [
        *at_any(
            CHANGES,
            lambda change: story(
                *REPLACED,
                sync("jan"),
                Run("jan", "pin"),
                Save("jan", "notes", SMALL),
                sync("jan"),
                Save("jan", "notes", LARGE),
                Run("jan", "down --pinned", crash=change),
                Run("jan", "down --pinned"),
            ),
        ),
        *at_any(
            CALLS[::2],
            lambda call: story(
                *REPLACED,
                sync("jan"),
                Run("jan", "pin"),
                Save("david", "notes", SMALL),
                sync("david"),
                Run("jan", "down --pinned", meanwhile=(Meanwhile(call, Save("jan", "notes", LARGE)),)),
                sync("jan"),
            ),
        ),
    ],
    "a version comes back from wherever it lies": [
        told
        for number in range(4)
        for user in ("david", "jan")
        for told in story(
            *REPLACED,
            sync("jan"),
            Save("jan", "notes", LARGE),
            sync("jan"),
            sync("david"),
            Run(user, "versions", files=FILES),
            Save(user, "notes", SMALL),
            Run(user, "down --version", files=FILES, number=number),
            Run(user, "undo"),
            sync(user),
        )
    ],
    "unsent work comes back from the trash, and that is taken back": story(
        *AGREED,
        Save("jan", "notes", EDIT),
        *(Run("jan", "down --version", files=FILES) for _ in range(2)),
        Run("jan", "undo"),
        sync("david"),
    ),
    "a watch sends what is finished, and nothing before": [
        told
        for content in (SMALL, LARGE)
        for begins in ((Begin("jan", "b.bin", content),), ())
        for wait in (1, 2, 4)
        for told in story(
            *AGREED,
            *begins,
            Run(
                "jan",
                "watch",
                meanwhile=(
                    *(() if begins else (Meanwhile(1, Begin("jan", "b.bin", content), "wait"),)),
                    Meanwhile(1 + wait, Finish("jan", "b.bin"), "wait"),
                ),
            ),
            sync("david"),
        )
    ],
    "a watch fetches what others send, and leaves what was deleted here": [
        told
        for change in (Save("jan", "draft.mp4", SMALL), Remove("jan", "notes"), lock("david"))
        for told in story(
            *AGREED,
            Run(
                "jan",
                "watch --down",
                meanwhile=(
                    Meanwhile(2, change, "wait"),
                    Meanwhile(3, Save("david", "b.bin", LARGE), "wait"),
                    Meanwhile(3, Run("david", "up"), "wait"),
                ),
            ),
        )
    ],
    "a watch dies, and another goes on": at_any(
        range(1, 200, 24),
        lambda change: story(
            *AGREED,
            Save("jan", "b.bin", LARGE),
            Save("david", "draft.mp4", LARGE),
            Run("david", "up"),
            Run("jan", "watch --down", crash=change),
            Run("jan", "watch --down"),
            Run("david", "undo"),
            Run("jan", "watch --down"),
        ),
    ),
}

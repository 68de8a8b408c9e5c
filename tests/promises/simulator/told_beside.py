"""Stories of two places, and of the choice of files, each with the trap that lies on the way."""

from __future__ import annotations

from msgspec.structs import replace

from tests.promises.simulator.actions import Run, Save, Settle, Step
from tests.promises.simulator.contents import Content
from tests.promises.simulator.story import Story
from tests.promises.simulator.telling import MIDDLE, SMALL

LATER, LAST = Content(61, 5000), Content(62, 1)
TWO: tuple[Step, ...] = (Save("jan", "draft.mp4", MIDDLE), Save("jan", "notes", SMALL), Run("jan", "sync"))
OUT = ("move out", "organize out --move", "organize here --move")


def sync() -> Run:
    return Run("jan", "sync", max_delete=100)


def story(*steps: Step) -> list[Story]:
    """One whose commands end as they do for a person: what stands in the way makes way."""
    return [replace(Story(0, ("david", "jan"), (), steps), makes_way=True)]


TOLD_BESIDE: dict[str, list[Story]] = {
    "what leaves the folder for another place is no wish to delete it": [
        told
        for verb in OUT
        for told in (
            *story(*TWO, Run("jan", verb, number=1), sync()),
            *story(*TWO, Settle("jan", "", "renamed"), Run("jan", verb, number=1), Settle("jan"), sync()),
        )
    ],
    "what organize takes out of the folder again is no wish to delete it": story(
        *TWO, Run("jan", "organize in", number=1), sync(), Run("jan", "organize --undo"), sync()
    ),
    "what is not chosen is deleted nowhere, under its other name either": story(
        Save("jan", "draft.mp4", MIDDLE),
        Run("jan", "sync"),
        Run("jan", "select", files=("draft.mp4",)),
        Run("jan", "organize here --move"),
        Run("jan", "sync"),
        Run("jan", "organize --undo"),
        sync(),
    ),
    "a choice that comes last is taken back when all is quiet": story(
        Save("jan", "DRAFT.mp4", MIDDLE), Run("david", "select", files=("notes",))
    ),
    "a pin names what is not chosen only where it is here": story(
        Save("jan", "DRAFT.mp4", MIDDLE),
        Save("jan", "notes", SMALL),
        Run("jan", "sync"),
        Run("jan", "select", files=("notes",)),
        Run("jan", "pin"),
        Run("jan", "pin"),
    ),
    "what a copy beside the project put aside is restored": story(
        Save("jan", "notes", MIDDLE),
        Run("jan", "sync"),
        Save("jan", "notes", SMALL),
        Run("jan", "copy out"),
        Run("jan", "trash restore", files=("notes",), side="remote", to="restored.mov"),
    ),
    "a version that a copy beside the project put aside comes back": story(
        Save("jan", "draft.mp4", LATER),
        Run("jan", "sync"),
        Save("jan", "draft.mp4", SMALL),
        Run("jan", "copy out"),
        Run("jan", "up"),
        Save("jan", "draft.mp4", LAST),
        Run("jan", "sync"),
        Run("jan", "down --version", files=("draft.mp4",), number=2),
    ),
}

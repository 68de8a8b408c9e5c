"""Stories of files that get another name on the remote, of which no copy goes to the trash."""

from __future__ import annotations

from tests.promises.simulator.actions import Meanwhile, OtherTool, Remove, Rename, Run, Save, Step
from tests.promises.simulator.contents import Content
from tests.promises.simulator.story import Story
from tests.promises.simulator.telling import LARGE, MIDDLE, at_any, story

CHANGES = range(1, 60, 3)
WHOLE = Content(8, 1500)


def sync(user: str) -> Run:
    return Run(user, "sync", max_delete=100)


def shared(content: Content) -> tuple[Step, ...]:
    return (Save("david", "b.bin", content), Save("david", "notes", MIDDLE), sync("david"), sync("jan"))


RENAMED = Rename("david", "b.bin", "film.mov")
COPIES: tuple[Step, ...] = (*shared(WHOLE), Save("jan", "a copy.bin", WHOLE), sync("jan"), sync("david"))
UNDO, RESTORE = Run("david", "undo"), Run("jan", "trash restore", files=("b.bin",), side="remote", to="back.bin")

TOLD_RENAMES: dict[str, list[Story]] = {
    "a rename dies in its middle": [
        told
        for content in (WHOLE, LARGE)
        for told in at_any(
            CHANGES,
            lambda change, content=content: story(  # type: ignore[misc]
                *shared(content), RENAMED, Run("david", "sync", max_delete=100, crash=change), sync("jan"), RESTORE
            ),
        )
    ],
    "the undo of a rename dies in its middle": [
        told
        for content in (WHOLE, LARGE)
        for told in at_any(
            CHANGES,
            lambda change, content=content: story(  # type: ignore[misc]
                *shared(content), RENAMED, sync("david"), Run("david", "undo", crash=change), UNDO, sync("jan")
            ),
        )
    ],
    "the new name goes before the old one is deleted": [
        told
        for content in (WHOLE, LARGE)
        for at in (
            [Meanwhile(1, OtherTool("film.mov", None), "head")],
            *(
                [Meanwhile(1, step, method) for step in (sync("jan"), Remove("jan", "film.mov"), sync("jan"))]
                for method in ("head", "delete")
            ),
        )
        for told in story(*shared(content), RENAMED, Run("david", "sync", max_delete=100, meanwhile=tuple(at)), RESTORE)
    ],
    "a rename over a file of another one, and its undo": [
        told
        for content in (WHOLE, LARGE)
        for taken in ("film.mov", "a.mov")
        for more in ((), (Rename("david", "film.mov", "end.mov"),))
        for told in story(
            *shared(content),
            Save("jan", taken, Content(9, 700)),
            sync("jan"),
            sync("david"),
            *more,
            Rename("david", "b.bin", taken),
            sync("david"),
            UNDO,
        )
    ],
    "two people delete one copy each": [
        told
        for name, other in (("b.bin", "a copy.bin"), ("a copy.bin", "b.bin"))
        for method in ("head", "delete", "copy")
        for told in story(
            *COPIES,
            Remove("david", name),
            Remove("jan", other),
            Run("david", "sync", max_delete=100, meanwhile=(Meanwhile(1, sync("jan"), method),)),
        )
    ],
    "others go on with the new name, and then it is regretted": [
        told
        for change in (Remove("jan", "film.mov"), Rename("jan", "film.mov", "end.mov"), Save("jan", "film.mov", MIDDLE))
        for regret in (UNDO, RESTORE)
        for told in story(*shared(LARGE), RENAMED, sync("david"), sync("jan"), change, sync("jan"), regret)
    ],
}

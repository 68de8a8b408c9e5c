"""What committed stories are told with."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.promises.simulator.actions import Run, Save, Step
from tests.promises.simulator.contents import Content
from tests.promises.simulator.story import Story

SMALL, MIDDLE, LARGE = Content(1, 40), Content(2, 300), Content(3, 2600)
"""A part has 1,024 bytes here, so that the large one travels in three."""

AGREED = (Save("david", "notes", MIDDLE), Run("david", "sync"), Run("jan", "sync"))
"""Both have a file, and a base that knows it."""


def story(*steps: Step) -> list[Story]:
    return [Story(0, ("david", "jan"), (), steps)]


def at_any(numbers: Iterable[int], tell: Callable[[int], list[Story]]) -> list[Story]:
    """The story with the trouble at each of these changes or calls: how many come first is nobody's promise."""
    return [told for number in numbers for told in tell(number)]

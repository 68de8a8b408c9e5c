"""Workers that lend a hand to another one's work, and are dismissed when it is done."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Helpers:
    """The workers that help with one gather. Whoever has not begun when it ends does not begin."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._changed = threading.Condition()
        self._busy = 0
        self._over = False
        self._errors: list[BaseException] = []

    def help(self) -> BaseException | None:
        """Do as much of the work as there is, as a worker that is free. Raises nothing."""
        with self._changed:
            if self._over:
                return None
            self._busy += 1
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised by whoever gathers
            self._errors.append(error)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify()
        return None

    def dismiss(self) -> list[BaseException]:
        """Let nobody begin any more, wait for those at work, and return their errors."""
        with self._changed:
            self._over = True
            self._changed.wait_for(lambda: not self._busy)
            return self._errors

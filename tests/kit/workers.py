"""Tests that belong on one worker of pytest-xdist, because they share a setup or what has been tried already.

pytest-xdist 3.8 has marks for that, which pytest 9.2 has it overlook (pytest-xdist issue 1386): the tests are then
spread, and each worker makes the setup of its own.
"""

from __future__ import annotations

from typing import Any

TOGETHER = {
    "tests/promises/simulator/test_stories.py": "stories",
    "tests/promises/crash/": "crash",
    "tests/promises/hostile/test_jail.py": "jail",
}
"""The beginnings of test ids, and the group that they are in."""


def group_of(test: str) -> str:
    """The group that a test is in: by itself, if the table does not name it."""
    return next((group for begins, group in TOGETHER.items() if test.startswith(begins)), test)


def scheduler(config: Any, log: Any) -> Any:
    """What hands the tests to the workers."""
    from xdist.scheduler import LoadScopeScheduling

    class InGroups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return InGroups(config, log)

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
    "tests/promises/hostile/test_foreign_memory.py": "memories",
}
"""The beginnings of test ids, and the group that they are in."""


UNITS = "tests/unit/"
"""The cases of one function there are one group: each is over before the next one could be handed out."""


def group_of(test: str) -> str:
    """The group that a test is in: by itself, if the table does not name it."""
    if test.startswith(UNITS):
        return test.partition("[")[0]
    return next((group for begins, group in TOGETHER.items() if test.startswith(begins)), test)


def scheduler(config: Any, log: Any) -> Any:
    """What hands the tests to the workers."""
    from xdist.scheduler import LoadScopeScheduling

    class InGroups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

        def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
            """Forget a group that is done: with each test the plugin counts through all groups that a worker had."""
            super().mark_test_complete(node, item_index, duration)
            had, group = self.assigned_work[node], group_of(self.registered_collections[node][item_index])
            if all(had[group].values()):
                del had[group]

    return InGroups(config, log)

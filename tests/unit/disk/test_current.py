"""Only `disk/current.py` asks where the user is, and nothing follows its answer again."""

from __future__ import annotations

import ast

from tests.unit.disk.one_room import sources

ASKED = {"cli/app.py"}
"""The look whether the folder is still there."""
FOLLOWED = {
    "config/write.py",
    "config/write_sets.py",  # the user's own file
    "services/timers.py",
    "project.py",
    "state/places.py",
    "api.py",
    "cli/completed.py",
}


def test_one_room_asks_for_the_current_folder() -> None:
    assert _calling("cwd", "getcwd") == ASKED


def test_no_folder_is_followed_that_the_system_named() -> None:
    assert _calling("resolve") == FOLLOWED


def _calling(*names: str) -> set[str]:
    return {
        name
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in names
        and not node.args
    }

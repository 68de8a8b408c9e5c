"""Only `disk/` opens what others can write: the packages that work in the staging folder call no open of their own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import s3sync

PACKAGE = Path(s3sync.__file__).parent
WATCHED = ("local", "state", "shared", "transfer", "sync", "doctor", "setup")
OF_OS = {
    "open", "unlink", "remove", "rename", "replace", "link", "symlink", "mkdir", "makedirs", "rmdir", "scandir",
    "listdir", "walk", "chmod", "utime", "truncate",
}  # fmt: skip
OF_PATHS = {
    "open", "unlink", "mkdir", "rmdir", "write_text", "write_bytes", "read_text", "read_bytes", "rename", "touch",
    "iterdir", "glob", "rglob", "symlink_to", "hardlink_to", "chmod",
}  # fmt: skip
HARMLESS = ("disk_usage", "copyfileobj")
GUARDED = {
    "GuardedFolder", "temp", "self.temp", "self._temp", "self._partial",
    "folder", "room", "partial", "above", "source", "target", "scratch", "work", "inner", "here", "aside", "kept",
    "self.folder", "temp.folder", "found.folder", "one.folder", "copy.folder", "self._folder",
}  # fmt: skip
"""Names that a `GuardedFolder`, or a file in one, has in these packages; mypy knows what they are."""
ALLOWED = {
    ("local/clear_way.py", "rmdir"): "on a GuardedFolder that is chosen in the call",
    ("local/holds.py", "scandir"): "looks whether a name is found in another case",
    ("local/room.py", "mkdir"): "the staging folder itself",
    ("local/tracked.py", "listdir"): "the names in .git",
    ("setup/init.py", "mkdir"): "the project's and the staging folder themselves",
    ("setup/init.py", "read_text"): "the template that ships with s3sync",
    ("sync/own_memory.py", "rename"): "in a copy that is this process' own",
    ("doctor/local.py", "listdir"): "whether the staging folder can be read, and our own names",
}


def calls() -> Iterator[tuple[str, str, str]]:
    for package in WATCHED:
        for file in sorted((PACKAGE / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    yield from _opening(file.relative_to(PACKAGE).as_posix(), node)


def _opening(file: str, node: ast.Call) -> Iterator[tuple[str, str, str]]:
    if isinstance(node.func, ast.Attribute):
        of, name = ast.unparse(node.func.value), node.func.attr
        guarded = of in GUARDED or of.startswith("folder_below(")
        on_a_path = name in OF_PATHS and not guarded and of not in ("os", "shutil")
        if (
            (of == "os" and name in OF_OS)
            or (of == "shutil" and name != "disk_usage" and name != "copyfileobj")
            or on_a_path
        ):
            yield file, name, ast.unparse(node)
    elif isinstance(node.func, ast.Name) and node.func.id == "open":
        given = ast.unparse(node.args[0])
        is_descriptor = isinstance(node.args[0], ast.Call) or any(word.arg == "closefd" for word in node.keywords)
        if not is_descriptor:
            yield file, "open", given


def test_f49_nothing_else_opens_what_others_can_write() -> None:
    found = [(file, name, text) for file, name, text in calls() if (file, name) not in ALLOWED]
    assert found == []


def test_each_exception_is_still_needed() -> None:
    assert {(file, name) for file, name, _ in calls()} >= set(ALLOWED)


@pytest.mark.parametrize(
    "text", ["os.open(path, 0)", "open(path)", "Path(x).read_bytes()", "shutil.rmtree(path)", "(a / b).unlink()"]
)
def test_the_test_sees_what_it_is_there_for(text: str) -> None:
    [call] = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)][:1]
    assert list(_opening("local/x.py", call))

"""The house: no circle of imports, small files and functions, and docstrings in plain words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "s3sync"
LONGEST_FILE = 340
LONGEST_FUNCTION = 50


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text("utf-8"))
    return found


def loading(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those below `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from loading(node)


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that a module loads: at its top and in its functions, but not for its types alone."""
    for node in loading(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            inner = names & modules().keys()
            yield from inner
            if names - inner:
                yield node.module


def test_no_circle_of_imports_not_even_within_functions() -> None:
    graph = {name: {one for one in imported(tree) if one in modules()} for name, tree in modules().items()}
    del graph["s3sync"]  # the public names at the top, loaded when they are used
    for needed in graph.values():
        needed.discard("s3sync")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def test_the_graph_sees_what_a_function_imports() -> None:
    assert "s3sync.sync.run" in set(imported(modules()["s3sync.api"]))


def test_every_room_is_on_the_page_about_the_architecture() -> None:
    """Packages, the modules beside them, and each kind of store."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    packages = (path.parent for path in (*PACKAGE.glob("*/__init__.py"), *PACKAGE.glob("store/*/__init__.py")))
    beside = (path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("_"))
    rooms = [f"`{path.name}/`" for path in packages]
    rooms += [rf"\b{name}\b" for name in beside]
    assert [room for room in rooms if not re.search(room, text)] == []


def test_files_are_small() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {str(path): length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_fit_a_screen() -> None:
    found = {
        f"{name}.{node.name}": node.end_lineno - node.lineno + 1
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None
    }
    assert {name: length for name, length in found.items() if length > LONGEST_FUNCTION} == {}


TERSE = re.compile(
    r"(What|Whether|Its|It|The one|Who|Whose|Whom|How|Why|Which|Of|That|As|So many|When|Where|Likewise|Also|Only)\b"
)
"""Beginnings of a docstring that need the name below it to be understood. A noun or a verb comes first."""


def documented(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The first lines of public docstrings: of the module, its classes and functions, and of attributes."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, (ast.FunctionDef, ast.ClassDef)):
            if not part.name.startswith("_"):
                yield from documented(part)
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str):
            yield part.lineno, part.value.value.partition("\n")[0]


def test_docstrings_begin_with_a_noun_or_a_verb() -> None:
    found = [
        f"{name}:{line}: {text}"
        for name, tree in modules().items()
        for line, text in documented(tree)
        if TERSE.match(text)
    ]
    assert found == []


def test_the_sign_finds_terse_docstrings() -> None:
    text = 'class A:\n    "Its path."\n    def b(self):\n        "What a run did."\n    c: int\n    "Of a list."\n'
    text += 'def _d():\n    "What"\n'
    assert [text for _, text in documented(ast.parse(text)) if TERSE.match(text)] == [
        "Its path.",
        "What a run did.",
        "Of a list.",
    ]

"""docs/reliability.md names tests that exist, a row for each promise and each fault, and the mutants that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs/reliability.md").read_text("utf-8")


def functions_of(module: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)}


def named_tests() -> list[tuple[str, str]]:
    """(module, test) for each test that is named; `::test` continues with the module before it."""
    found: list[tuple[str, str]] = []
    module = ""
    for told, test in re.findall(r"`([a-z0-9_/]+\.py)?(?:::(test_\w+))?`", DOCUMENT):
        module = told or module
        if told or test:
            found.append((module, test))
    return found


def test_every_named_test_exists() -> None:
    named = named_tests()
    assert len(named) > 150
    missing = [
        f"{module}::{test}"
        for module, test in named
        if not (ROOT / "tests" / module).is_file() or (test and test not in functions_of(ROOT / "tests" / module))
    ]
    assert missing == []


def tested_faults() -> set[int]:
    """The faults whose number a test carries, wherever it stands in its name."""
    names = (name for module in (ROOT / "tests").rglob("test_*.py") for name in functions_of(module))
    return {int(number) for name in names if name.startswith("test_") for number in re.findall(r"_f(\d\d)(?=_)", name)}


def test_every_promise_and_every_fault_that_is_tested_has_a_row() -> None:
    rows = {kind: [int(row) for row in re.findall(rf"^\| {kind}(\d+)", DOCUMENT, re.MULTILINE)] for kind in "PF"}
    assert rows["P"] == list(range(1, 15))
    faults = tested_faults()
    assert faults >= set(range(1, 31))
    assert rows["F"] == sorted(faults)


def test_the_mutants_are_those_of_the_script() -> None:
    script = ast.parse((ROOT / "scripts/mutants.py").read_text("utf-8"))
    calls = [node for node in ast.walk(script) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Mutant"]
    names = [ast.literal_eval(call.args[0]) for call in calls]
    assert len(names) >= 10
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", DOCUMENT, re.MULTILINE) == names


def test_each_mutant_breaks_a_line_that_stands_once() -> None:
    """A line that moved would leave its mutant without effect until somebody runs them all."""
    for node in ast.walk(ast.parse((ROOT / "scripts/mutants.py").read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Mutant":
            name, _, file, old, new = (ast.literal_eval(argument) for argument in node.args[:5])
            assert (ROOT / file).read_text("utf-8").count(old) == 1 and new != old, name

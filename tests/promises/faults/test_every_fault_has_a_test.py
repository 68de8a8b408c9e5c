"""Each fault of the list has a test that carries its number, so that none is forgotten."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

FAULTS = [f"f{number:02}" for number in range(1, 31)]
KNOWN = [f"f{number:02}" for number in range(1, 58)]
"""Those of surroundings and strangers get their tests one after the other."""
TESTS = Path(__file__).parents[2]


def numbers(source: str) -> set[str]:
    """The faults that are named by the tests of a module: `test_f06_f07_a_lost_answer` counts for both."""
    functions = [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    beginnings = [re.match(r"test((?:_f\d\d)+)_", name) for name in functions]
    return {number for found in beginnings if found for number in found[1].strip("_").split("_")}


@pytest.fixture(scope="module")
def tested() -> set[str]:
    return {number for path in TESTS.rglob("test_*.py") for number in numbers(path.read_text("utf-8"))}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_has_a_test(tested: set[str], fault: str) -> None:
    assert fault in tested


def test_no_test_carries_a_number_that_no_fault_has(tested: set[str]) -> None:
    assert tested <= set(KNOWN)


def test_what_counts() -> None:
    assert numbers("def test_f06_f07_lost(): pass\ndef helper_f01_(): pass\ndef test_other(): '''f03'''") == {
        "f06",
        "f07",
    }

"""Types that msgspec decodes in several threads: looked at by one of them first, also where all begin at once."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import s3sync

STORY = """
from __future__ import annotations
import sys, threading
from collections.abc import Mapping
import msgspec
from s3sync.decoding import ready

sys.setswitchinterval(1e-6)
TEXT = b'{"items": [{"path": "a", "size": 1, "time": "x", "is_dir": false, "hashes": {"a": "b"}}]}'


def first_use(number: int) -> None:
    class Item(msgspec.Struct, frozen=True):
        path: str
        size: int
        time: str
        is_dir: bool = False
        hashes: Mapping[str, str] | None = None

    class Listing(msgspec.Struct):
        items: list[Item]

    globals()["Item"] = Item
    together, found = threading.Barrier(4), []

    def decode() -> None:
        together.wait()
        found.append(msgspec.json.decode(TEXT, type=ready(Listing)).items[0].hashes)

    threads = [threading.Thread(target=decode) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [{"a": "b"}] * 4, (number, found)


for number in range(120):
    first_use(number)
"""
PLAIN = {"str", "int", "float", "bool", "Any", "object", "dict", "list", "frozenset", "Raw", "msgspec", "None"}


def test_the_first_use_of_a_type_by_several_threads_ends_no_process() -> None:
    """`s3sync up` to a remote of rclone ended with a segmentation fault, once in a hundred runs or so."""
    ran = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr[-2000:]


def _asked_for(tree: ast.AST) -> Iterator[ast.expr]:
    """The types that msgspec is asked to decode or convert to."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            words = ast.unparse(call.func).split(".")
            typed = [word.value for word in call.keywords if word.arg == "type"]
            if words[-1] == "decode" and ("json" in words or "msgpack" in words):
                yield from typed
            elif words[-1] == "convert" and words[0] in ("msgspec", "convert"):
                yield from typed or call.args[1:2]
            elif words[-1] == "Decoder" and ("json" in words or "msgpack" in words):
                yield from call.args[:1]


def test_every_type_of_ours_is_made_ready_before_it_is_decoded() -> None:
    bare, found = [], 0
    for path in Path(s3sync.__file__).parent.rglob("*.py"):
        if path.name == "decoding.py":
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for kind in _asked_for(tree):
            names = {one.id for one in ast.walk(kind) if isinstance(one, ast.Name)}
            found += "ready" in names
            if "ready" not in names and not names <= PLAIN:
                bare.append(f"{path.name}:{kind.lineno}: {ast.unparse(kind)}")
    assert not bare and found > 40

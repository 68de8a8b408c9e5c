"""A14: the executable bit travels with the content, and with nothing else of a file's mode."""

from __future__ import annotations

import hashlib
import json
import os
import stat

import pytest

from s3sync import Project
from s3sync.store.port import Headers, Overwrite, Store
from tests.kit.people import PROJECT, REPO, Person

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")

People = tuple[Person, Person]
KEYS = f"{REPO}/{PROJECT}"
MIB = 1024 * 1024
SIZES = [40, 70_000, 2 * MIB, 17 * MIB + 5]
"""Of a file that is received with others, alone, copied where it is known, and in parts."""


def store_of(person: Person) -> Store:
    return Project.open(path=person.project, environ=person.env()).session.store


def script(person: Person, name: str, size: int = 40, text: str = "1") -> None:
    person.write(name, (f"#!/bin/sh\necho {text}\n# ").ljust(size, text[-1])).chmod(0o755)


def mode(person: Person, name: str) -> int:
    return stat.S_IMODE((person.staging / name).stat().st_mode)


def record(person: Person, name: str) -> dict[str, object]:
    with store_of(person).get(f"{KEYS}/metadata.json") as reader:
        files = json.loads(b"".join(bytes(chunk) for chunk in reader))["files"]
    return {field: value for file in files if file["name"] == name for field, value in file.items()}


def metadata(person: Person, name: str) -> dict[str, str]:
    return dict(store_of(person).head(f"{KEYS}/{name}").metadata)


@pytest.mark.parametrize("size", SIZES)
def test_a14_a_script_can_be_run_where_it_arrives(people: People, size: int) -> None:
    david, jan = people
    script(david, "tools/render", size)
    david.write("tools/notes.txt", "2" * size)
    david.ok("up")
    jan.ok("down")
    plain = mode(jan, "tools/notes.txt")
    assert (mode(jan, "tools/render"), plain & 0o111) == (plain | (plain & 0o444) >> 2, 0)
    assert record(jan, "tools/render")["executable"] is True and "executable" not in record(jan, "tools/notes.txt")
    assert metadata(jan, "tools/render")["executable"] == "yes" and "executable" not in metadata(jan, "tools/notes.txt")
    jan.ok("verify")
    jan.ok("verify", "--deep")
    assert set(jan.states().values()) == set(david.states().values()) == {"in_sync"}


@pytest.mark.parametrize("size", [40, 17 * MIB + 5])
@pytest.mark.parametrize("how", ["changed", "renamed", "copied", "metadata.json lost"])
def test_a14_however_it_gets_there(people: People, size: int, how: str) -> None:
    """A delta of a large file, a copy on the server and on the receiving disk, and what only the object says."""
    david, jan = people
    script(david, "bin/a.sh", size)
    david.write("b.txt", "b")
    david.ok("sync")
    jan.ok("sync")
    name = "bin/a.sh"
    if how == "changed":
        script(david, name, size, "2")
        (jan.staging / name).chmod(0o640)
    elif how == "renamed":
        name = "bin/b.sh"
        (david.staging / "bin/a.sh").rename(david.staging / name)
    elif how == "copied":
        name = "again.sh"
        script(david, name, size)
    david.ok("sync", "--max-delete", "5")
    if how == "metadata.json lost":
        store_of(david).delete(f"{KEYS}/metadata.json")
        (jan.staging / name).unlink()
        jan.ok("down")
    else:
        jan.ok("sync", "--max-delete", "5")
    expected = 0o750 if how == "changed" else 0o777 & ~_umask()
    assert jan.read(name) == david.read(name) and mode(jan, name) == expected
    assert metadata(jan, name)["executable"] == "yes" and record(jan, name)["executable"] is True


def test_a14_the_last_word_is_the_last_version_s(people: People) -> None:
    """What is no longer executable arrives as an ordinary file where it is new; a file that stands there keeps its."""
    david, jan = people
    script(david, "a.sh")
    david.ok("up")
    jan.ok("down")
    david.write("a.sh", "no script any more").chmod(0o644)
    david.ok("up")
    jan.ok("down")
    assert mode(jan, "a.sh") & 0o111 and "executable" not in record(jan, "a.sh")
    (jan.staging / "a.sh").unlink()
    jan.ok("down")
    assert not mode(jan, "a.sh") & 0o111


def test_a14_chmod_alone_is_no_change(people: People) -> None:
    """As with a touched time: it goes with the next version."""
    david, jan = people
    david.write("a.sh", "#!/bin/sh\n")
    david.write("b.sh", "#!/bin/sh\n# b")
    david.ok("sync")
    jan.ok("sync")
    (david.staging / "a.sh").chmod(0o755)
    (jan.staging / "b.sh").chmod(0o700)
    for person in (david, jan, david):
        assert set(person.states().values()) == {"in_sync"}
        done = person.ok("sync", "--json").json
        assert not (done["uploaded"] or done["downloaded"] or done["deleted"])
    assert (mode(david, "a.sh"), mode(jan, "b.sh"), mode(jan, "a.sh") & 0o111) == (0o755, 0o700, 0)
    david.write("a.sh", "#!/bin/sh\necho more\n")
    david.ok("sync")
    jan.ok("sync")
    assert mode(jan, "a.sh") & 0o111


def test_a14_a_conflict_keeps_each_version_s_own(people: People) -> None:
    david, jan = people
    script(david, "a.sh")
    david.write("b.sh", "plain")
    david.ok("sync")
    jan.ok("sync")
    script(david, "b.sh", text="david")
    david.write("a.sh", "david's is no script").chmod(0o644)
    david.ok("up")
    script(jan, "a.sh", text="jan")
    jan.write("b.sh", "jan's is none")
    jan.expect(4, "sync")
    david.ok("down")
    for person in (david, jan):
        copies = {name.partition(".conflict-jan-")[0]: name for name in person.files() if ".conflict-" in name}
        assert (mode(person, copies["a"]) & 0o100, mode(person, copies["b"]) & 0o100) == (0o100, 0)
        assert mode(person, "b.sh") & 0o100
    assert not mode(jan, "a.sh") & 0o111


@pytest.mark.parametrize("side", ["--local", "--remote"])
def test_a14_what_comes_back_from_a_trash_can_be_run(people: People, side: str) -> None:
    david, jan = people
    for name in ("a.sh", "kept.txt", "kept too.txt"):
        script(david, name)
    david.ok("sync")
    (david.staging / "a.sh").unlink()
    david.ok("sync")
    jan.ok("down")
    person = david if side == "--local" else jan
    if side == "--local":
        script(david, "a.sh", text="2")
        david.ok("sync")
        script(jan, "a.sh", text="3")
        jan.run("sync", "--on-conflict", "mine")
        david.ok("sync")
        (david.staging / "a.sh").unlink()
        david.ok("sync")
    person.ok("trash", "restore", "a.sh", side)
    assert mode(person, "a.sh") & 0o111


def test_a14_undo_gives_the_mode_back_too(people: People) -> None:
    david, jan = people
    script(david, "a.sh")
    david.write("b.sh", "1")
    david.ok("sync")
    jan.ok("sync")
    (jan.staging / "b.sh").chmod(0o600)
    david.write("a.sh", "no script").chmod(0o644)
    script(david, "b.sh", text="2")
    david.ok("sync")
    jan.ok("sync")
    assert mode(jan, "b.sh") == 0o600 | 0o100
    jan.ok("undo", "--yes")
    assert (mode(jan, "b.sh"), jan.read("b.sh")) == (0o600, b"1")
    david.ok("undo", "--yes")
    assert metadata(jan, "a.sh").get("executable") == "yes" and "executable" not in metadata(jan, "b.sh")
    assert record(jan, "a.sh")["executable"] is True and "executable" not in record(jan, "b.sh")


@pytest.mark.parametrize("value", ["x", "no", "0o4755", "yes; rm -rf ~", "YES", "33261", "true", "é"])
def test_a14_another_word_says_nothing(people: People, value: str) -> None:
    david, jan = people
    david.write("a.txt", "a")
    david.ok("up")
    headers = Headers({"uploaded-by": "mallory", "executable": value, "mode": "4755"})
    put(david, "free.sh", headers)
    jan.ok("down")
    assert not mode(jan, "free.sh") & 0o7111


@pytest.mark.parametrize(
    "name", [".envrc", "go.desktop", ".vscode/task.sh", "Desktop.INI", "post-merge", "a/PRE-COMMIT."]
)
def test_a14_f48_what_programs_obey_is_never_executable(people: People, name: str) -> None:
    david, jan = people
    script(david, name)
    david.ok("up")
    put(david, f"b/{name}", Headers({"uploaded-by": "mallory", "executable": "yes"}))
    put(david, "plain", Headers({"uploaded-by": "mallory", "executable": "yes"}))
    jan.run("down")
    assert not (mode(jan, name) | mode(jan, f"b/{name}")) & 0o7111
    assert mode(jan, "plain") & 0o7777 == 0o777 & ~_umask()


@pytest.mark.parametrize("bits", [0o4755, 0o2755, 0o1755, 0o711, 0o100, 0o767])
def test_a14_nothing_else_of_a_mode_travels(people: People, bits: int) -> None:
    david, jan = people
    script(david, "tool")
    (david.staging / "tool").chmod(bits)
    david.ok("up")
    jan.ok("down")
    assert mode(jan, "tool") == 0o777 & ~_umask()


def put(person: Person, name: str, headers: Headers) -> None:
    """As another tool would, or somebody who means no good."""
    body = f"of {name}".encode()
    store_of(person).put(f"{KEYS}/{name}", body, mode=Overwrite(), headers=headers, md5=hashlib.md5(body).digest())


def _umask() -> int:
    now = os.umask(0o022)
    os.umask(now)
    return now

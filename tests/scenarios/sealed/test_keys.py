"""The key: made once, wrapped for members, taken after a question, kept, and lost."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person

People = tuple[Person, Person]


def data(person: Person) -> Path:
    return person.root / "home" / ".local" / "share" / "s3sync" / "keys"


def checks(person: Person, code: int) -> list[tuple[str, str]]:
    """What `doctor` found, by check."""
    return [(one["name"], one["level"]) for one in person.expect(code, "doctor", "--json").json["checks"]]


def test_keys_of_this_user_are_his_alone(people: People) -> None:
    david, _ = people
    files = sorted(data(david).iterdir())
    assert len(files) == 2
    assert ("key", "ok") in checks(david, 0)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    assert stat.S_IMODE(data(david).stat().st_mode) == 0o700


def test_there_is_one_key_and_it_begins_with_nothing_in_the_store(plain: People) -> None:
    david, jan = plain
    david.expect(2, "keys", "create")
    david.write("a", "readable")
    david.ok("up")
    for person in plain:
        person.ok("config", "set", "--repo", "encrypt", "yes")
    refused = david.expect(5, "keys", "create")
    assert "begins with an empty repository" in refused.err
    assert "has no key yet" in david.expect(5, "up").err
    for person in plain:
        person.ok("config", "set", "--repo", "repo", "other")
    david.ok("keys", "create", "--dry-run")
    david.ok("keys", "create")
    assert "has a key already" in jan.expect(5, "keys", "create").err
    assert "has a key, and it is here" in david.expect(5, "keys", "create").err


def test_a_member_asks_before_he_takes_a_key(plain: People) -> None:
    david, jan = plain
    for person in plain:
        person.ok("config", "set", "--repo", "encrypt", "yes")
    david.ok("keys", "create")
    david.write("a", "one")
    david.ok("up")
    assert "its key is not on this computer" in jan.expect(5, "status").err
    assert "no key of" in jan.expect(5, "keys", "import").err
    david.ok("keys", "add", "jan", jan.ok("keys", "me").out.strip())
    key_id = david.ok("keys", "list", "--json").json["key_id"]
    jan.expect(5, "keys", "import", answer="n\n")
    assert "not the key that you named" in jan.expect(5, "keys", "import", "--id", "0" * 24).err
    assert key_id in jan.ok("keys", "import", answer="y\n").err
    jan.ok("down")
    assert jan.files() == david.files()
    assert {one["name"] for one in jan.ok("keys", "list", "--json").json["members"]} == {"david", "jan"}


def test_what_init_is_told_is_kept_though_there_is_no_key_yet(tmp_path: Path) -> None:
    """Whoever sets `encrypt` first makes the key in the store that he named, and not in the one of his computer."""
    david = Person("david", tmp_path / "desk" / "david")
    store = (tmp_path / "elsewhere").as_uri()
    david.ok("config", "set", "--repo", "encrypt", "yes", cwd=david.repo)
    said = david.expect(1, "init", PROJECT, "--store", store, "--user", "david", cwd=david.repo).err
    assert "has no key yet" in said and "hint: the first of the team runs `s3sync keys create`" in said
    assert f"repo: {david.repo.name}" in (david.repo / ".s3sync.yaml").read_text(), "clones have other names"
    assert store in david.ok("keys", "create").out
    assert list((tmp_path / "elsewhere").rglob("current")) and not list(david.root.rglob("store"))
    david.write("a", "one")
    david.ok("up")


def test_the_last_copy_of_a_key_stays(people: People, tmp_path: Path) -> None:
    david, _ = people
    david.ok("keys", "remove", "jan", "--yes")
    (tmp_path / "shared").mkdir()
    (david.repo / "way").symlink_to(tmp_path / "shared")
    assert "leads out of the repository" in david.expect(2, "keys", "export", "way/copy", cwd=david.repo).err
    assert not list((tmp_path / "shared").iterdir())
    david.ok("keys", "export", str(tmp_path / "copy"))
    (key,) = [path for path in data(david).iterdir() if path.suffix == ".json"]
    key.unlink()
    older = tmp_path / "store" / REPO / ".s3sync" / "keys" / ("0" * 24)
    older.mkdir()
    for name in ("anna", "david"):
        (older / f"{name}.age").write_bytes(b"age-encryption.org/v1\n")  # of another key, which is no copy of this one
    said = david.expect(5, "keys", "remove", "david", "--yes").err
    assert "may be the last copy of the key" in said and "`s3sync keys import FILE`" in said
    assert david.ok("keys", "list", "--json").json["members"], "it is still there"
    assert "`s3sync keys import FILE`" in david.expect(5, "status").err, "a copy is thought of"
    david.ok("keys", "import", str(tmp_path / "copy"))
    david.ok("keys", "remove", "david", "--yes")


@pytest.mark.parametrize("how", ["a name under the key's id", "another key is named"])
def test_what_somebody_puts_beside_the_wrapped_keys_is_no_copy(people: People, tmp_path: Path, how: str) -> None:
    """age says for whom a file is, not by whom: who has the store writes one for any name, under any id."""
    david, jan = people
    david.write("a", "one")
    david.ok("up")
    david.ok("keys", "export", str(tmp_path / "copy"))
    key_id = david.ok("keys", "list", "--json").json["key_id"]
    david.ok("keys", "remove", "jan", "--yes")
    keys = tmp_path / "store" / REPO / ".s3sync" / "keys"
    false = keys / key_id / "jan.age"
    if how == "another key is named":
        false = keys / ("f" * 24) / "jan.age"
        false.parent.mkdir()
        (keys / "current").write_text("f" * 24)
    shutil.copyfile(keys / key_id / "david.age", false)  # a whole age file, which is not for Jan
    jan.write("b", "edited here")
    jan.ok("down")
    jan.ok("verify", "--deep")
    assert (jan.read("a"), jan.read("b")) == (b"one", b"edited here"), "no file depends on what is wrapped"
    (key,) = [path for path in data(david).iterdir() if path.suffix == ".json"]
    key.unlink()
    for who in ("david", "jan"):
        said = david.expect(5, "keys", "remove", who, "--yes").err
        assert "may be the last copy of the key" in said and "`s3sync keys import`" in said
    assert (keys / key_id / "david.age").exists() and false.exists()
    if how == "another key is named":
        assert f"--id {key_id}" in david.expect(5, "keys", "import", str(tmp_path / "copy")).err
    david.ok("keys", "import", str(tmp_path / "copy"), "--id", key_id)
    if how != "another key is named":
        david.ok("keys", "remove", "jan", "--yes")


def test_keys_are_those_of_a_repository(people: People, tmp_path: Path) -> None:
    david, _ = people
    outside = tmp_path / "outside"
    outside.mkdir()
    for words in (("create",), ("list",), ("import",), ("remove", "jan"), ("export", str(outside / "key"))):
        assert "in no git repository" in david.expect(2, "keys", *words, cwd=outside).err
    assert david.ok("keys", "me", cwd=outside).out.startswith("age1")


def test_a_key_that_the_owner_of_the_bucket_made_is_not_taken_for_ours(people: People, tmp_path: Path) -> None:
    """He can wrap any key for anybody, and name it: those who have one keep it, and nobody is added to another."""
    david, jan = people
    david.write("a", "one")
    david.ok("up")
    recipient = jan.ok("keys", "me").out.strip()
    bucket = tmp_path / "store" / REPO / ".s3sync" / "keys"
    shutil.rmtree(bucket)
    owner = Person("jan", tmp_path / "owner")
    owner.ok("init", PROJECT, "--store", f"file://{tmp_path / 'fake'}", "--user", "jan", "--repo", REPO, cwd=owner.repo)
    owner.ok("config", "set", "--repo", "encrypt", "yes")
    owner.ok("keys", "create")
    owner.ok("keys", "add", "jan", recipient)
    shutil.copytree(tmp_path / "fake" / REPO / ".s3sync" / "keys", bucket)
    jan.ok("down")
    assert jan.read("a") == b"one"
    assert "another key of" in jan.expect(5, "keys", "import").err
    assert ("key", "warn") in checks(jan, 0)
    assert "names another key" in david.expect(5, "keys", "add", "mia", recipient).err
    assert "These differ" in david.ok("keys", "list").out


def test_a_removed_member_gets_no_key_again(people: People) -> None:
    david, jan = people
    david.expect(5, "keys", "remove", "jan")
    david.ok("keys", "remove", "jan", "--dry-run")
    david.ok("keys", "remove", "jan", "--yes")
    assert "for jan" in david.expect(2, "keys", "remove", "jan").err
    jan.ok("status")  # what he has he keeps
    shutil.rmtree(data(jan))
    jan.ok("keys", "me")
    assert "no key of" in jan.expect(5, "keys", "import").err


def test_an_ssh_key_opens_what_was_wrapped_for_it(people: People, tmp_path: Path) -> None:
    david, jan = people
    shutil.rmtree(data(jan))
    made = tmp_path / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(made)], check=True)
    david.ok("keys", "add", "jan", made.with_suffix(".pub").read_text())
    key_id = david.ok("keys", "list", "--json").json["key_id"]
    jan.ok("keys", "import", "--identity", str(made), "--id", key_id)
    david.write("a", "one")
    david.ok("up")
    jan.ok("down")
    assert jan.read("a") == b"one"
    secret = david.expect(2, "keys", "add", "jan", "AGE-SECRET-KEY-1QQ")
    assert "secret" in secret.err and "QQ" not in secret.err


def test_the_copy_of_an_ssh_key_that_a_hint_makes_is_for_the_user_alone(people: People, tmp_path: Path) -> None:
    """In a folder that all share, somebody else's file may have the copy's name already, and would get the key."""
    david, jan = people
    shutil.rmtree(data(jan))
    own = tmp_path / "own" / "id_rsa"
    own.parent.mkdir(mode=0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "secret", "-f", str(own)], check=True)
    david.ok("keys", "add", "jan", own.with_suffix(".pub").read_text())
    key_id = david.ok("keys", "list", "--json").json["key_id"]
    told = jan.expect(2, "keys", "import", "--identity", str(own), "--id", key_id).err
    line = re.search(r": (cp .*? -f \S+);", told)
    assert line is not None and " /" not in line[1], told
    typed = line[1].replace("KEY", str(own)).replace("ssh-keygen -p", "ssh-keygen -p -P secret")
    subprocess.run(["sh", "-c", typed], check=True, capture_output=True, cwd=tmp_path)
    (copy,) = set(own.parent.iterdir()) - {own, own.with_suffix(".pub")}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600 and "remove that" in told
    jan.ok("keys", "import", "--identity", str(copy), "--id", key_id)


@pytest.mark.skipif(os.name != "posix", reason="needs a limit that the system sets on file sizes")
def test_a_copy_of_the_key_that_found_no_room_is_none(people: People, tmp_path: Path) -> None:
    """What is left of it would be "there already" next time, when there is room, and pass for the copy."""
    david, _ = people
    david.launcher = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh")
    assert "cannot write" in david.expect(1, "keys", "export", str(tmp_path / "copy")).err
    assert not (tmp_path / "copy").exists()
    david.launcher = ()
    david.ok("keys", "export", str(tmp_path / "copy"))
    assert (tmp_path / "copy").stat().st_size


def test_a_copy_of_the_key_brings_everything_back(people: People, tmp_path: Path) -> None:
    david, jan = people
    david.write("a", "one")
    david.ok("up")
    copy = tmp_path / "copy"
    david.ok("keys", "export", str(copy))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    david.expect(2, "keys", "export", str(copy))
    (tmp_path / "elsewhere").symlink_to(david.staging)
    for inside in (david.repo / "key", david.staging / "key", tmp_path / "elsewhere" / "key"):
        assert "lies in the repository" in david.expect(2, "keys", "export", str(inside)).err and not inside.exists()
    david.expect(2, "keys", "export", "key", "--dry-run")
    for person in people:
        shutil.rmtree(data(person))
    shutil.rmtree(tmp_path / "store" / REPO / ".s3sync" / "keys")
    assert "key" in jan.expect(5, "down").err
    assert ("key", "fail") in checks(jan, 1)
    jan.ok("keys", "import", str(copy))
    jan.ok("down")
    assert jan.read("a") == b"one"
    assert "wrapped for nobody" in jan.ok("keys", "list").out
    jan.ok("keys", "add", "jan", jan.ok("keys", "me").out.strip())
    jan.expect(2, "keys", "import", str(jan.repo / ".s3sync.yaml"))


def test_what_is_no_wrapped_key_is_refused(people: People, tmp_path: Path) -> None:
    david, jan = people
    shutil.rmtree(data(jan))
    own = jan.ok("keys", "me").out.strip()
    keys = tmp_path / "store" / REPO / ".s3sync" / "keys"
    (wrapped,) = keys.glob("*/jan.age")
    good = wrapped.read_bytes()
    for body in (b"", b"no age file", b"age-encryption.org/v1\n-> x\n", good[:-5], b"a" * 100_000):
        wrapped.write_bytes(body)
        said = jan.expect(5 if body[:3] == b"age" else 1, "keys", "import", "--id", "0" * 24).err
        assert "key" in said and "`s3sync keys add`" in said
    (keys / "current").write_bytes(b"\x1b[2J" * 100_000)
    assert "`s3sync keys add` writes it anew" in jan.expect(1, "keys", "import").err
    david.ok("keys", "add", "jan", own, "--dry-run")
    jan.expect(1, "keys", "import")
    david.ok("keys", "add", "jan", own)
    jan.ok("keys", "import", "--id", david.ok("keys", "list", "--json").json["key_id"])


def test_a_wrong_key_reads_nothing_and_loses_nothing(people: People, tmp_path: Path) -> None:
    david, jan = people
    david.write("a", "one")
    david.ok("up")
    jan.ok("down")
    other = Person("mia", tmp_path / "mia")
    other.ok(
        "init", PROJECT, "--store", f"file://{tmp_path / 'other'}", "--user", "mia", "--repo", REPO, cwd=other.repo
    )
    other.ok("config", "set", "--repo", "encrypt", "yes")
    other.ok("keys", "create")
    other.ok("keys", "export", str(tmp_path / "copy"))
    assert "another key of" in jan.expect(5, "keys", "import", str(tmp_path / "copy")).err
    for path in data(jan).glob("*.json"):
        path.unlink()
    for words in (["--dry-run"], []):
        assert "another key than the one" in jan.expect(5, "keys", "import", str(tmp_path / "copy"), *words).err
    jan.ok("keys", "import", str(tmp_path / "copy"), "--id", other.ok("keys", "list", "--json").json["key_id"])
    for verb in ("status", "up", "sync"):
        assert "is encrypted with another key" in jan.expect(1, verb).err
    assert jan.read("a") == b"one"
    david.ok("verify", "--deep")


def test_a_key_of_a_file_begins_no_project_under_a_key_that_the_store_does_not_name(
    people: People, tmp_path: Path
) -> None:
    """Nothing there is encrypted with a key that could tell. What the owner of the bucket writes in the place of the
    id keeps nobody from his copy."""
    david, jan = people
    copy, current = tmp_path / "copy", tmp_path / "store" / REPO / ".s3sync" / "keys" / "current"
    david.ok("keys", "export", str(copy))
    right = current.read_bytes()
    for person in people:
        shutil.rmtree(data(person))
    current.write_bytes(b"0" * 24)
    assert "another key than the one" in jan.expect(5, "keys", "import", str(copy)).err
    assert "key" in jan.expect(5, "up").err
    jan.ok("keys", "import", str(copy), "--id", right.decode())
    for body in (b"\x1b[2J", b""):
        current.write_bytes(body)
        shutil.rmtree(data(david), ignore_errors=True)
        david.ok("keys", "import", str(copy))

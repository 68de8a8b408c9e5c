"""A new clone of an encrypted repository, whose settings do not say so: nothing is sent as anybody can read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person
from tests.scenarios.sealed.test_archives import UNIT, with_set
from tests.scenarios.sealed.test_together import readable

People = tuple[Person, Person]
WORDS = b"the plaintext of mia"
UNSAID = "this repository is encrypted, and the settings do not say so"


@pytest.fixture
def mia(people: People, tmp_path: Path) -> Person:
    """Somebody without the key, in a clone of which a commit took `encrypt: yes` out; her project is new."""
    found = Person("mia", tmp_path / "mia", people[0].environ)
    found.staging.mkdir(parents=True)
    said = (people[0].repo / ".s3sync.yaml").read_text()
    (found.repo / ".s3sync.yaml").write_text(said.replace("encrypt: yes\n", "").replace("encrypt: true\n", ""))
    assert "encrypt" not in (found.repo / ".s3sync.yaml").read_text()
    found.write("a.txt", WORDS.decode())
    return found


def held(bucket: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in bucket.parent.rglob("*") if path.is_file()}


def test_what_would_be_written_for_everybody_is_refused(mia: Person, bucket: Path) -> None:
    before = held(bucket)
    asked = ("up",), ("receive",), ("lock", "a.txt", "--why", WORDS.decode()), ("dashboard", "--publish-to", "site")
    for words in asked:
        assert UNSAID in mia.expect(5, *words).err, words
        assert held(bucket) == before, words


def test_archives_are_not_sent_in_plain_though_their_store_knows_of_no_key(
    people: People, mia: Person, tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    with_set(mia, f"file://{vault}")
    assert UNSAID in mia.expect(5, "archive", "run", PROJECT, "--create", cwd=mia.repo).err
    assert UNSAID in mia.expect(5, "archive", "adopt", "--write-index", cwd=mia.repo).err
    assert not vault.exists()
    david = people[0]
    with_set(david, f"file://{vault}")
    david.write("a.txt", WORDS.decode())
    david.ok("archive", "run", "--create", cwd=david.repo)
    assert (vault / UNIT).exists() and readable(vault, WORDS) == []


def test_archives_ask_about_the_store_of_their_repository(mia: Person, tmp_path: Path) -> None:
    """Who agreed to the archives' store alone would never learn that the repository is encrypted."""
    vault = tmp_path / "vault"
    with_set(mia, f"file://{vault}")
    refused = mia.expect(5, "archive", "run", "--create", cwd=mia.repo, env={"S3SYNC_TRUST": ""})
    assert "you have not agreed to it" in refused.err
    assert not vault.exists()


def test_archives_of_a_repository_without_a_key_or_a_store_are_sent(plain: People, tmp_path: Path) -> None:
    david, _ = plain
    vault = tmp_path / "vault"
    with_set(david, f"file://{vault}")
    david.write("a.txt", WORDS.decode())
    (tmp_path / "store").rename(tmp_path / "away")  # a disk that is not connected
    david.ok("archive", "run", "--create", cwd=david.repo)
    (tmp_path / "away").rename(tmp_path / "store")
    david.write("b.txt", WORDS.decode())
    david.ok("archive", "run", "--force", cwd=david.repo)
    assert readable(vault, WORDS)


@pytest.mark.parametrize("where", ["people", "on_s3"])
def test_whoever_has_the_key_puts_nothing_readable_there_though_the_store_says_no_more_that_it_is_encrypted(
    where: str, request: pytest.FixtureRequest
) -> None:
    """From outside of any clone: the bucket's owner took the id of the key away."""
    david, jan = request.getfixturevalue(where)
    store = david.ok("status", "--json").json["store"]
    if where == "on_s3":
        server, prefix = request.getfixturevalue("seaweedfs"), store.rpartition("/")[2]
        server.client("admin").delete_object(Bucket=server.bucket, Key=f"{prefix}/{REPO}/.s3sync/keys/current")
    else:
        (Path(store.removeprefix("file://")) / REPO / ".s3sync" / "keys" / "current").unlink()
    (plain := jan.root / "plain").mkdir()
    (plain / "x").write_bytes(WORDS)
    for verb, target in (("copy", ""), ("move", f"/{PROJECT}"), ("sync", "/another/and/deeper")):
        for more in ((), ("--dry-run",)):
            refused = jan.expect(1, verb, str(plain), f"{store}/{REPO}{target}", *more, cwd=jan.root)
            assert "is an encrypted repository" in refused.err
    assert (plain / "x").exists()
    jan.ok("copy", str(plain), f"{store}/{REPO}-beside", cwd=jan.root)

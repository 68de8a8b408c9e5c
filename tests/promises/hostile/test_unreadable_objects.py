"""An object that its store gives to nobody, as one under a key of whoever put it there: it hides no other file."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.api import Project
from s3sync.core.reconcile import State
from s3sync.errors import AccessDenied, StoreError, Unreachable
from s3sync.shared import scan
from s3sync.store.folder import FolderStore
from s3sync.store.port import ObjectHead
from tests.kit.people import Person


def refuse_heads(monkeypatch: pytest.MonkeyPatch, error: StoreError, *names: str) -> None:
    """As S3 answers about an object that was encrypted with a customer's own key."""
    head = FolderStore.head

    def refused(self: FolderStore, key: str) -> ObjectHead:
        if key.rpartition("/")[2] in names:
            raise error
        return head(self, key)

    monkeypatch.setattr(FolderStore, "head", refused)


def opened(person: Person) -> Project:
    return Project.open(path=person.project, environ=person.env())


def put_there(person: Person, *names: str) -> Path:
    place = person.root.parent.parent / "store" / person.repo.name / person.project.name
    for name in names:
        (place / name).write_text("of another tool")
    return place


def test_one_that_cannot_be_asked_hides_no_other(synced: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    synced.write("mine.txt", "mine")
    synced.write("theirs.txt", "a file of the same name here")
    place = put_there(synced, "theirs.txt", "new.txt")
    refuse_heads(monkeypatch, StoreError("could not read theirs.txt", why="it is encrypted"), "theirs.txt")
    status = opened(synced).status()
    states = {file.name: file.state for file in status.files}
    assert states == {"a.txt": State.IN_SYNC, "mine.txt": State.LOCAL_NEW, "new.txt": State.REMOTE_NEW}
    assert [(one.path, one.error) for one in status.failed] == [
        ("theirs.txt", "could not read theirs.txt: it is encrypted")
    ]
    report = opened(synced).sync()
    assert [one.name for one in report.uploaded] == ["mine.txt"] and report.exit_code == 3
    assert [one.name for one in report.downloaded] == ["new.txt"]
    assert synced.read("theirs.txt") == b"a file of the same name here"
    assert (place / "theirs.txt").read_text() == "of another tool"


@pytest.mark.parametrize("error", [Unreachable("no answer"), AccessDenied("not allowed")])
def test_what_concerns_all_of_them_ends_the_command(
    error: StoreError, synced: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where not even metadata.json was read, nothing tells that this user may read here."""
    (put_there(synced, "theirs.txt") / "metadata.json").unlink()
    refuse_heads(monkeypatch, error, "theirs.txt", "a.txt")
    with pytest.raises(type(error)):
        opened(synced).status()


def test_one_under_the_key_of_another_is_hidden_and_never_replaced(
    synced: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 denies access to an object whose KMS key the user may not use, though he may read all others."""
    place = put_there(synced, "a.txt")
    synced.write("mine.txt", "mine")
    refuse_heads(monkeypatch, AccessDenied("not allowed", why="kms:Decrypt"), "a.txt")
    status = opened(synced).status()
    assert [(one.path, one.error) for one in status.failed] == [("a.txt", "not allowed: kms:Decrypt")]
    report = opened(synced).sync()
    assert [one.name for one in report.uploaded] == ["mine.txt"] and report.exit_code == 3
    assert not (report.deleted or report.downloaded or report.conflicts)
    assert (place / "a.txt").read_text() == "of another tool" and synced.read("a.txt") == b"a"


def test_very_many_of_them_are_an_error_of_the_store(synced: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MOST_UNREADABLE", 3)
    names = [f"{number}.txt" for number in range(4)]
    put_there(synced, *names)
    refuse_heads(monkeypatch, StoreError("could not read it", why="status 400"), *names)
    with pytest.raises(StoreError):
        opened(synced).status()
    (put_there(synced) / "3.txt").unlink()
    assert len(opened(synced).status().failed) == 3


def trash_of(person: Person) -> Path:
    """One file in the remote trash, and the folder of the run that put it there."""
    person.write("gone.txt", "gone")
    person.ok("up")
    (person.staging / "gone.txt").unlink()
    person.ok("sync")
    (found,) = [path for path in (person.root.parent.parent / "store").rglob("gone.txt") if "trash" in path.parts]
    return found.parent


def test_one_in_the_trash_that_tells_no_name_hides_no_other(synced: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that are too long for a key are hashed; the object says which it is, and here nobody gets it."""
    hashed = [f"~{letter * 64}" for letter in "ab"]
    folder = trash_of(synced)
    for name in hashed:
        (folder / name).write_text("odd")
    refuse_heads(monkeypatch, StoreError("could not read it", why="it is encrypted"), *hashed)
    with pytest.warns(
        UserWarning, match=r"~[ab]+\.\.\. of \d{8}-\S+ and 1 more: could not read it: it is encrypted"
    ) as told:
        found = opened(synced).trash()
    assert [one.name for one in found.files] == ["gone.txt"] and len(told) == 1
    with pytest.warns(UserWarning, match="cannot be told by name"):
        assert [one.until is not None for one in opened(synced).versions("gone.txt").versions] == [True]
    refuse_heads(monkeypatch, Unreachable("no answer"), *hashed)
    with pytest.raises(Unreachable):
        opened(synced).trash()

"""Old versions in stores other than S3: Google's generations come back, and everywhere else the words are true."""

from __future__ import annotations

import re
import shlex
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.kit.google import FakeGcs, Recorder, recording
from tests.kit.people import PROJECT, REPO, Person, pair


class Kept(NamedTuple):
    """Two people on a bucket of Google's that keeps what is replaced, and what passes on its line."""

    david: Person
    jan: Person
    server: FakeGcs
    line: Recorder
    bucket: str

    def generations(self, name: str) -> list[str]:
        path = f"/storage/v1/b/{self.bucket}/o?versions=true&prefix=films/{REPO}/{PROJECT}/{name}"
        return [item["generation"] for item in self.server.ask("GET", path).get("items", ())]

    def delete(self, name: str) -> None:
        """As another tool would."""
        self.server.ask("DELETE", f"/storage/v1/b/{self.bucket}/o/films%2F{REPO}%2F{PROJECT}%2F{name}")


@pytest.fixture
def kept(gcs: FakeGcs, tmp_path: Path) -> Iterator[Kept]:
    bucket = f"kept-{uuid.uuid4().hex[:12]}"
    gcs.ask("POST", "/storage/v1/b?project=p", {"name": bucket, "versioning": {"enabled": True}})
    with recording(gcs.endpoint_url) as line:
        david, jan = pair(tmp_path, f"gs://{bucket}/films", {}, line.url)
        yield Kept(david, jan, gcs, line, bucket)


@pytest.mark.gcs
def test_generations_of_google_are_listed_and_come_back(kept: Kept) -> None:
    david, jan = kept.david, kept.jan
    for content in ("first", "second!", "third, longer"):
        david.write("a.mp4", content)
        david.write("a.mp4.wav", f"a neighbour of {content}")
        david.ok("up")
    report = david.ok("versions", "a.mp4", "--json").json
    found = {one["size_bytes"]: one for one in report["versions"]}
    assert report["keeps_versions"] == "yes" and found.keys() == {13, 7, 5}
    assert [one["where"] for one in report["versions"]] == ["remote", "old_version", "old_version"]
    assert {one["version_id"] for one in report["versions"]} == set(kept.generations("a.mp4")[:3])
    assert {one["by"] for one in report["versions"]} == {"david"}
    assert found[13]["until"] is None and found[5]["until"] and found[7]["until"]
    assert "kept by the bucket, until" in david.ok("versions", "a.mp4").out

    jan.ok("down")
    brought = jan.ok("down", "a.mp4", "--version", found[5]["id"])
    assert jan.read("a.mp4") == b"first" and "`s3sync up` sends a.mp4" in brought.out
    jan.ok("down", "a.mp4", "--version", found[7]["version_id"])
    assert jan.read("a.mp4") == b"second!"
    jan.ok("undo", "--yes")
    assert jan.read("a.mp4") == b"first"
    jan.ok("up")
    david.ok("down")
    assert david.read("a.mp4") == b"first"
    assert len(david.ok("versions", "a.mp4", "--json").json["versions"]) >= 4


@pytest.mark.gcs
def test_a_deletion_ends_a_version_of_google_though_nothing_marks_it(kept: Kept) -> None:
    """S3 leaves a marker, by which the last version ends. Google tells when each generation went."""
    david = kept.david
    david.write("a.mp4", "only here")
    david.ok("up")
    kept.delete("a.mp4")
    time.sleep(1.1)  # a time of the command line has whole seconds
    (david.staging / "a.mp4").unlink()
    (only,) = david.ok("versions", "a.mp4", "--json").json["versions"]
    assert (only["where"], only["is_deletion"], only["until"] is not None) == ("old_version", False, True)
    assert "no version of a.mp4 is known of" in david.expect(2, "down", "a.mp4", "--at", "0s").err
    david.ok("down", "a.mp4", "--version", only["id"])
    assert david.read("a.mp4") == b"only here"


@pytest.mark.gcs
def test_cleanup_deletes_the_generations_that_google_keeps(kept: Kept) -> None:
    """The emulator deletes no old generation, so the requests are read."""
    david = kept.david
    for content in ("first", "second"):
        david.write("a.mp4", content)
        david.ok("up")
    generations = set(kept.generations("a.mp4"))
    said = david.ok("cleanup", "--yes").out
    assert "stay and are billed" in said
    kept.line.requests.clear()
    report = david.ok("cleanup", "--versions", "--yes", "--json").json
    assert report["versions_deleted"] >= 2
    asked = [one for one in kept.line.all("DELETE", "/o/") if "generation" in one.params]
    assert generations <= {one.params["generation"][0] for one in asked if "a%2Emp4" in one.path or "a.mp4" in one.path}


def told_by(out: str) -> list[str]:
    """The commands that a text names, as a shell would take them."""
    return [command for command in re.findall(r"`([^`]+)`", out) if shlex.split(command)]


@pytest.mark.parametrize(
    "kind",
    [
        "folder",
        pytest.param("gcs", marks=pytest.mark.gcs),
        pytest.param("azurite", marks=pytest.mark.azurite),
        pytest.param("rclone", marks=pytest.mark.rclone),
    ],
)
def test_a_store_that_keeps_none_says_so_and_names_what_helps_there(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Not what helps on S3: each command is of that very store, and can be typed as it stands."""
    tag, environ, endpoint = uuid.uuid4().hex[:8], dict[str, str](), None
    if kind == "folder":
        url, wanted = f"file://{tmp_path / 'store'}", ["s3sync sync", "s3sync up"]
    elif kind == "rclone":
        remotes = request.getfixturevalue("remotes")
        environ = {"RCLONE_CONFIG": str(remotes.config)}
        url, wanted = remotes.url("loc", tag), ["s3sync sync", "s3sync up"]
    else:
        server: Any = request.getfixturevalue(kind)
        environ, name = server.environment(), f"{tag}/{REPO}/{PROJECT}/a cut.mp4"
        if kind == "gcs":
            url, endpoint = f"gs://{server.bucket}/{tag}", server.endpoint_url
            wanted = [
                f"gcloud storage buckets update gs://{server.bucket} --versioning",
                f"gcloud storage ls --soft-deleted 'gs://{server.bucket}/{name}'",
            ]
        else:
            url = f"{server.url}/{tag}"
            account = url.split("/")[2]
            wanted = [
                f"az storage blob list --account-name {account} --container-name {server.bucket} --include dv "
                f"--prefix '{name}'"
            ]
    david, _ = pair(tmp_path, url, dict.fromkeys(("david", "jan"), environ), endpoint)
    for content in ("first", "second cut"):
        david.write("a cut.mp4", content)
        david.ok("up")
    told = david.ok("versions", "a cut.mp4")
    assert told_by(told.out) == wanted and "only what went to a trash can come back" in told.out
    assert "setup bucket" not in told.out
    keeps = david.ok("versions", "a cut.mp4", "--json").json["keeps_versions"]
    assert keeps == ("no" if kind == "gcs" else "cannot")
    lost = david.expect(2, "down", "a cut.mp4", "--version", "ffffffffffff").err
    assert "has no version" in lost
    if kind != "rclone":
        refused = david.expect(3, "undo").err
        assert "no copy of the version on the remote was kept" in refused
        assert f"s3sync versions {shlex.quote('a cut.mp4')}" in refused
    else:  # time and size prove nothing of the content, so `up` kept the version that it replaced
        david.ok("undo", "--yes")
        assert david.ok("versions", "a cut.mp4", "--json").json["versions"][0]["size_bytes"] == len("first")
        david.ok("sync")
    david.write("a cut.mp4", "third, by sync")
    david.ok("sync")
    assert "in the trash on the remote" in david.ok("versions", "a cut.mp4").out

"""Two people on Google Cloud Storage: the week of `test_two_people.py`, large files, and what goes wrong."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.google import FakeGcs, recording
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.scenarios.people import test_trash, test_undo
from tests.scenarios.people import test_two_people as week

pytestmark = pytest.mark.gcs
MIB = 1024 * 1024
WEEK = (
    week.test_edits_go_both_ways_and_a_second_run_does_nothing,
    week.test_sync_keeps_both_versions_and_both_users_converge,
    week.test_sync_carries_a_deletion_and_keeps_the_bytes_in_the_trash,
    week.test_an_edit_survives_the_other_side_deleting_it,
    week.test_cleanup_asks_keeps_what_nobody_fetched_and_then_empties,
    test_undo.test_undo_of_a_sync_brings_both_sides_back,
    test_trash.test_a13_what_was_deleted_is_listed_on_both_sides_and_comes_back,
)


@pytest.fixture
def people(gcs: FakeGcs, tmp_path: Path) -> tuple[Person, Person]:
    return pair(tmp_path, f"gs://{gcs.bucket}/{uuid.uuid4().hex}", {}, gcs.endpoint_url)


@pytest.mark.parametrize("scenario", WEEK, ids=lambda scenario: scenario.__name__.removeprefix("test_"))
def test_the_week(people: tuple[Person, Person], scenario: Callable[[tuple[Person, Person]], None]) -> None:
    scenario(people)


def test_large_files_travel_and_a_changed_one_is_sent_as_a_whole(people: tuple[Person, Person], gcs: FakeGcs) -> None:
    """Nothing copies a part of an object there; and a rename is a copy on the server."""
    david, jan = people
    body = os.urandom(20 * MIB)
    david.write("film.mp4", body)
    david.ok("up")
    jan.ok("down")
    assert jan.read("film.mp4") == body
    changed = body[: 10 * MIB] + b"cut" + body[10 * MIB + 3 :]
    jan.write("film.mp4", changed)
    assert jan.ok("up", "--json").json["bytes_sent"] == len(changed)
    david.ok("down")
    assert david.read("film.mp4") == changed
    (david.staging / "film.mp4").rename(david.staging / "final.mp4")
    assert david.ok("sync", "--json").json["bytes_sent"] == 0
    jan.ok("sync")
    assert jan.files() == david.files() and jan.read("final.mp4") == changed
    assert [name for name in gcs.names() if "/.s3sync/multipart/" in name and f"/{REPO}/" in name] == []


def test_a_broken_upload_goes_on_with_the_parts_that_are_there(gcs: FakeGcs, tmp_path: Path) -> None:
    url = f"gs://{gcs.bucket}/{uuid.uuid4().hex}"
    body = os.urandom(30 * MIB)
    with recording(gcs.endpoint_url) as recorder:
        david, jan = pair(tmp_path, url, {}, recorder.url)
        david.write("film.mp4", body)
        recorder.answer("POST", "/compose", 403, json.dumps({"error": {"code": 403, "message": "no"}}))
        failed = david.run("up")
        assert failed.code != 0 and "film.mp4" in failed.err
        parts = [one for one in recorder.all("POST", "/upload/") if int(one.headers["content-length"]) > MIB]
        assert len(parts) == 4
        (unfinished,) = david.ok("transfers", "--json").json["transfers"]
        assert unfinished["name"] == "film.mp4"
        assert david.ok("up", "--json").json["bytes_sent"] == 0
        again = [one for one in recorder.all("POST", "/upload/") if int(one.headers["content-length"]) > MIB]
        assert len(again) == 4, "no part travelled twice"
        jan.ok("down")
        assert jan.read("film.mp4") == body


def test_the_settings_say_it_by_the_clouds_names(gcs: FakeGcs, tmp_path: Path) -> None:
    eve = Person("eve", tmp_path / "eve")
    eve.ok("init", PROJECT, "--repo", REPO, cwd=eve.repo)
    eve.ok("config", "set", "cloud.provider", "gcs")
    eve.ok("config", "set", "cloud.bucket", f"{gcs.bucket}/{uuid.uuid4().hex}")
    eve.ok("config", "set", "endpoint_url", gcs.endpoint_url, "--repo")
    assert eve.ok("config", "get", "cloud.provider", "cloud.bucket").out.split() == ["gcs", gcs.bucket]
    assert eve.ok("config", "get", "store", "--json").json["settings"]["store"]["value"].startswith("gs://")
    eve.write("a.txt", "film")
    assert "uploaded" in eve.ok("up").out
    told = eve.expect(2, "config", "set", "cloud.provider", "dropbox").err
    assert "the providers are: s3, gcs" in told


@pytest.mark.parametrize("said", ["sse: aws:kms", "kms_key_id: alias/films", "storage_class: GLACIER_IR"])
def test_a_promise_that_only_s3_keeps_is_refused(tmp_path: Path, said: str) -> None:
    eve = Person("eve", tmp_path / "eve")
    eve.ok("init", PROJECT, "--repo", REPO, cwd=eve.repo)
    (eve.repo / ".s3sync.yaml").write_text(f"store: gs://team\nrepo: {REPO}\n{said}\n")
    eve.write("a.txt", "film")
    told = eve.expect(2, "up").err
    assert "on Google Cloud" in told and "hint:" in told


def test_the_class_of_new_files(gcs: FakeGcs, tmp_path: Path) -> None:
    """The emulator ignores the class of what is composed, so that is read on the request."""
    with recording(gcs.endpoint_url) as recorder:
        david, _ = pair(tmp_path, f"gs://{gcs.bucket}/{uuid.uuid4().hex}", {}, recorder.url)
        david.ok("config", "set", "storage_class", "nearline", "--repo")
        david.write("small.txt", "film")
        david.write("film.mp4", os.urandom(9 * MIB))
        david.ok("up")
        assert recorder.last("POST", "/compose").body["destination"]["storageClass"] == "NEARLINE"
        stored = {one.answer["name"]: one.answer["storageClass"] for one in recorder.all("POST", "/upload/")}
        assert {name.rpartition("/")[2] for name, kind in stored.items() if kind == "NEARLINE"} == {"small.txt"}


def test_a_repository_sends_nothing_to_google_and_names_no_credential_unasked(gcs: FakeGcs, tmp_path: Path) -> None:
    ana = Person("ana", tmp_path / "ana", {"S3SYNC_TRUST": ""})
    ana.ok("init", PROJECT, "--repo", REPO, cwd=ana.repo)
    (ana.repo / ".s3sync.yaml").write_text(
        f"store: gs://{gcs.bucket}/x\nrepo: {REPO}\nendpoint_url: {gcs.endpoint_url}\n"
    )
    refused = ana.expect(5, "up")
    assert f"gs://{gcs.bucket}/x at {gcs.endpoint_url}" in refused.err and "s3sync trust" in refused.err
    for key, value in (("credentials_path", "/srv/key.json"), ("credentials_env", "KEY")):
        (ana.repo / ".s3sync.yaml").write_text(f"store: gs://{gcs.bucket}/x\nrepo: {REPO}\n{key}: {value}\n")
        told = ana.expect(2, "status").err
        assert "may not choose what you sign with" in told and f"s3sync config set {key}" in told


@pytest.mark.parametrize(
    ("env", "told", "hint"),
    [
        ({}, "no credentials for Google Cloud Storage", "gcloud auth application-default login"),
        ({"S3SYNC_CREDENTIALS_PATH": "/nowhere/key.json"}, "cannot use /nowhere/key.json", "credentials_path names it"),
        ({"S3SYNC_CREDENTIALS_ENV": "TEAM_KEY"}, "the environment variable TEAM_KEY is not set", "set TEAM_KEY"),
        ({"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"}, "cannot read the credentials in /nowhere.json", "gcloud"),
        ({"GOOGLE_APPLICATION_CREDENTIALS": "/proc/1/mem"}, "cannot read the credentials in /proc/1/mem", "gcloud"),
        ({"S3SYNC_CREDENTIALS_ENV": "TEAM_KEY", "TEAM_KEY": "hunter22"}, "cannot use the credentials of the", "gcloud"),
        (
            {"S3SYNC_CREDENTIALS_ENV": "TEAM_KEY", "TEAM_KEY": '{"type": "pumpkin"}'},
            "cannot use the credentials",
            "gcl",
        ),
    ],
)
def test_credentials_that_are_none_are_one_error(tmp_path: Path, env: dict[str, str], told: str, hint: str) -> None:
    eve = Person("eve", tmp_path / "eve", env)
    eve.ok("init", PROJECT, "--repo", REPO, cwd=eve.repo)
    (eve.repo / ".s3sync.yaml").write_text(f"store: gs://team\nrepo: {REPO}\n")
    eve.write("a.txt", "film")
    failed = eve.run("up")
    assert failed.code == 1 and told in failed.err and hint in failed.err and failed.err.count("error") == 1
    assert eve.read("a.txt") == b"film"


def test_a_large_file_has_its_md5_beside_it(people: tuple[Person, Person], gcs: FakeGcs) -> None:
    body = os.urandom(9 * MIB)
    people[0].write("film.mp4", body)
    people[0].ok("up")
    told = {(one.get("metadata") or {}).get("md5"): one["name"] for one in gcs.objects()}
    assert told[hashlib.md5(body).hexdigest()].endswith(f"{PROJECT}/film.mp4")

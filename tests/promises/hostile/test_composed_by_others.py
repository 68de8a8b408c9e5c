"""On Google Cloud an object that names an upload of ours need not be what that upload would have made.

An upload in parts is a record and objects, which whoever may write to the bucket can list and replace. Where the record
is gone, the upload may have been finished by a call whose answer was lost, and the object then names it.
"""

from __future__ import annotations

import json
import os
import signal
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest

from s3sync.archive.content import ARCHIVE_ID
from s3sync.errors import NotFound, PreconditionFailed
from s3sync.store import StoreOptions, open_store
from s3sync.store.gcs.resources import UPLOAD
from s3sync.store.port import Create, Headers, Part
from tests.kit.google import FakeGcs, recording
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.scenarios.archive.conftest import own_settings, put
from tests.scenarios.transfers.commands import started, until

pytestmark = pytest.mark.gcs
MIB = 1 << 20
PARTS = "/.s3sync/multipart/"


def planted(gcs: FakeGcs, key: str, body: bytes, upload_id: str, **more: str) -> None:
    """An object that says to be of an upload, as anybody can send one."""
    told = json.dumps({"name": key, "metadata": {UPLOAD: f"{upload_id} {8 * MIB}", **more}}).encode()
    line = b"--x\r\nContent-Type: application/json\r\n\r\n" + told
    line += b"\r\n--x\r\nContent-Type: video/quicktime\r\n\r\n" + body + b"\r\n--x--\r\n"
    path = f"{gcs.endpoint_url}/upload/storage/v1/b/{gcs.bucket}/o?uploadType=multipart"
    request = urllib.request.Request(path, line, {"Content-Type": "multipart/related; boundary=x"}, method="POST")
    urllib.request.urlopen(request, timeout=30).close()


def read(gcs: FakeGcs, key: str) -> bytes:
    path = f"{gcs.endpoint_url}/storage/v1/b/{gcs.bucket}/o/{quote(key, safe='')}?alt=media"
    with urllib.request.urlopen(path, timeout=30) as answer:
        found: bytes = answer.read()
    return found


def test_f32_nobody_makes_an_upload_count_as_finished(gcs: FakeGcs, tmp_path: Path) -> None:
    """The sender's was the last copy, and `cleanup --local` deletes what this computer sent."""
    root = uuid.uuid4().hex
    url = f"gs://{gcs.bucket}/{root}"
    david, _ = pair(tmp_path, url, {"david": {}, "jan": {}}, gcs.endpoint_url)
    data = os.urandom(33 * MIB)
    david.write("film.mov", data)
    with started(david, "up", "--bwlimit", "8M") as command:
        until(lambda: len([name for name in gcs.names(root) if f"{PARTS}parts/" in name]) >= 2, "two parts")
        command.process.send_signal(signal.SIGSTOP)  # so that it is still under way, however slow this is
        (record,) = (name for name in gcs.names(root) if f"{PARTS}begun/" in name)
        gcs.put(record, b"no record any more")
        planted(gcs, f"{root}/{REPO}/{PROJECT}/film.mov", bytes(len(data)), record.rpartition("/")[2])
        command.process.send_signal(signal.SIGCONT)
        command.end()
    david.run("up")
    david.run("cleanup", "--local", "--yes")
    assert (david.staging / "film.mov").exists() and david.read("film.mov") == data


@pytest.mark.parametrize("is_refused", [False, True])
def test_f32_what_names_an_upload_is_what_it_made_only_by_its_bytes(gcs: FakeGcs, is_refused: bool) -> None:
    """Its record is gone; or composing is refused, as after an answer that was lost."""
    root, mine = uuid.uuid4().hex, [b"a" * 9, b"b" * 7]
    with recording(gcs.endpoint_url) as recorder:
        store = open_store(f"gs://{gcs.bucket}/{root}", StoreOptions(env={}, endpoint_url=recorder.url))
        upload_id = store.start_upload("film", Headers())
        etags = [store.put_part("film", upload_id, number, body) for number, body in enumerate(mine, 1)]
        parts = [Part(number, len(body), etags[number - 1]) for number, body in enumerate(mine, 1)]
        planted(gcs, f"{root}/film", bytes(16), upload_id)
        if is_refused:
            recorder.answer("GET", "film", 404, "{}")
            recorder.answer("POST", "/compose", 412, "{}")
        else:
            gcs.ask("DELETE", f"/storage/v1/b/{gcs.bucket}/o/{root}%2F.s3sync%2Fmultipart%2Fbegun%2F{upload_id}")
        with pytest.raises(PreconditionFailed if is_refused else NotFound):
            store.complete_upload("film", upload_id, parts, mode=Create())
        assert is_refused == (recorder.all("POST", "/compose") != [])
        if not is_refused:
            planted(gcs, f"{root}/film", b"".join(mine), upload_id)
            assert store.complete_upload("film", upload_id, parts, mode=Create()).etag == store.head("film").info.etag


def test_f32_nobody_makes_an_archive_count_as_sent(gcs: FakeGcs, tmp_path: Path) -> None:
    """The record of an upload under way has the id by which the archive is known."""
    david, shelf, root = Person("david", tmp_path / "david"), tmp_path / "shelf", uuid.uuid4().hex
    david.project.mkdir(parents=True, exist_ok=True)
    film = os.urandom(40 * MIB)
    put(shelf, "b40/a.mp4", film)
    one = f"{{store: 'gs://{gcs.bucket}/{root}', source: '{shelf}', layout: '{{id}}', "
    one += f"endpoint_url: '{gcs.endpoint_url}'}}"
    own_settings(david, f"user: david\narchives:\n  tars: {one}\n")
    words = ("archive", "run", "--set", "tars", "--delete-local", "--yes")
    with started(david, *words, "--bwlimit", "8M") as command:
        until(lambda: len([name for name in gcs.names(root) if f"{PARTS}parts/" in name]) >= 2, "two parts")
        command.process.send_signal(signal.SIGSTOP)  # so that it is still under way, however slow this is
        (record,) = (name for name in gcs.names(root) if f"{PARTS}begun/" in name)
        begun = json.loads(read(gcs, record))
        other, told_id = bytes(len(film) + 3 * 512), begun["metadata"][ARCHIVE_ID]  # with the headers of tar
        planted(gcs, begun["key"], other, record.rpartition("/")[2], **{ARCHIVE_ID: told_id})
        command.process.send_signal(signal.SIGCONT)
        told = command.end()
    david.run(*words)
    assert (shelf / "b40/a.mp4").exists() and (shelf / "b40/a.mp4").read_bytes() == film, told

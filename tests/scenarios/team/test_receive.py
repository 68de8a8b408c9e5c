"""Files of clients without an account: they arrive by a page's form, each once, and replace and reach nothing."""

from __future__ import annotations

import base64
import json
import socket
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from s3sync.api import Project
from s3sync.cli.show.receive import waiting_lines
from s3sync.core.inboxes import MOST_BYTES, Claim, Waiting, inbox_prefix
from s3sync.core.manifest.edits import Edits
from s3sync.core.manifest.record import render
from s3sync.errors import Unsupported
from s3sync.shared import inboxes
from s3sync.shared.manifest import read_manifest, write_edits
from s3sync.store import open_store
from s3sync.store.aspects import Presigns, require_aspect
from s3sync.store.forms import Forms
from s3sync.store.options import StoreOptions, Wire
from s3sync.store.port import Store
from s3sync.store.s3.forms import multipart
from s3sync.sync import incoming
from s3sync.team.receiving import ReceiveReport, try_out
from s3sync.team.watching.exchange import Exchange
from tests.kit.clients import PREFIX, drop, form_of, open_inbox, post, said
from tests.kit.people import PROJECT, Person, pair
from tests.kit.servers import MiniStack, Moto, SeaweedFS, Server

FILM = b"film of a client" * 1000


def people_on(tmp_path: Path, server: Server, *more: str) -> tuple[Person, Person]:
    environments = {name: server.environment(name) for name in ("david", "jan", *more)}
    return pair(tmp_path, f"s3://{server.bucket}/{uuid.uuid4().hex}", environments)


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Store, Person, Person]:
    """A folder store, into whose inboxes files are put as a form does."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    return open_store(f"file://{tmp_path / 'store'}", StoreOptions()), david, jan


def policy_of(form: Mapping[str, Any]) -> list[Any]:
    fields = {name.lower(): value for name, value in form["fields"].items()}
    return list(json.loads(base64.b64decode(fields["policy"]))["conditions"])


def listed(server: Server, prefix: str) -> dict[str, str]:
    answer = server.client().list_objects_v2(Bucket=server.bucket, Prefix=prefix)
    return {info["Key"]: info["ETag"] for info in answer.get("Contents", [])}


@pytest.fixture(params=["seaweedfs", "ministack"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.mark.seaweedfs
@pytest.mark.ministack
def test_a_client_sends_files_and_down_takes_them_in(tmp_path: Path, server: Server) -> None:
    david, jan = people_on(tmp_path, server)
    david.write("draft.mov", "david's own")
    david.ok("up")
    jan.ok("down")
    (opened,) = david.ok("receive", "--expires", "3h", "--json").json["inboxes"]
    left = datetime.fromisoformat(opened["until"]) - datetime.now(UTC)
    assert timedelta(minutes=170) < left <= timedelta(hours=3) and not opened["ends_early"]
    form = form_of(opened["url"])
    assert post(form, FILM, said("Käse 1.mov", "Anna Müller")) == 201
    assert post(form, b"another draft", said("../draft.mov", "Anna Müller")) == 201
    told = jan.ok("status").out
    assert "2 files (16.0 KB) from client Anna Müller wait: `s3sync down`" in told
    assert "`s3sync down` fetches what clients sent" in jan.ok().out
    assert jan.expect(7, "status", "--exit-code", "--json").json["incoming"][0]["files"] == 2
    report = jan.ok("down", "--json").json
    received = {one["sent_as"]: one for one in report["received"]}
    assert received["Käse 1.mov"]["name"] == "Käse 1.mov" and received["Käse 1.mov"]["by"] == "client:Anna Müller"
    renamed = received["draft.mov"]["name"]
    assert renamed.startswith("draft.client-Anna-Müller-2") and renamed.endswith(".mov")
    assert (jan.read("Käse 1.mov"), jan.read(renamed)) == (FILM, b"another draft")
    assert jan.read("draft.mov") == b"david's own"
    assert (jan.staging / "Käse 1.mov").stat().st_mtime == 1_700_000_000
    files = {file["name"]: file for file in david.ok("status", "--json").json["files"]}
    assert files["Käse 1.mov"]["uploaded_by"] == "client:Anna Müller" and files["Käse 1.mov"]["state"] == "remote_new"
    assert "client:Anna Müller sent 2 files" in david.ok("inbox").out
    assert david.ok("down", "--json").json["received"] == []
    assert david.files() == jan.files()
    (listed,) = david.ok("receive", "--list", "--json").json["inboxes"]
    assert listed["waiting"] == [] and listed["url"] is None


@pytest.mark.seaweedfs
@pytest.mark.ministack
def test_a_form_writes_below_its_prefix_alone(tmp_path: Path, server: Server) -> None:
    david, _ = people_on(tmp_path, server)
    david.write("draft.mov", "david's own")
    david.ok("up")
    (opened,) = david.ok("receive", "--json").json["inboxes"]
    form = form_of(opened["url"])
    conditions = policy_of(form)
    assert ["starts-with", "$key", form["begins"]] in conditions and form["begins"].endswith(f"/{opened['id']}/")
    assert ["content-length-range", 0, MOST_BYTES] in conditions, "1 TB is refused"
    root = form["begins"].partition(PREFIX.partition("/")[0])[0]
    before = listed(server, root)
    elsewhere = f"{root}{PREFIX}draft.mov"
    for key in (elsewhere, f"{root}{PREFIX}metadata.json", f"{form['begins'][:-1]}x", "draft.mov"):
        assert post(form, b"overwritten", said(), key=key) >= 400, key
    for way in ("../../../../b63-flivideo/metadata.json", "../x", "..", "./../../x", "%2e%2e/x", "..\\x"):
        post(form, b"overwritten", said(), key=form["begins"] + way)
    post(form, b"x", {**said(), "acl": "public-read"}, key=f"{form['begins']}public")  # S3 refuses it, others ignore it
    with pytest.raises(urllib.error.HTTPError, match=r"40[34]"):
        urllib.request.urlopen(f"{server.endpoint_url}/{server.bucket}/{form['begins']}public", timeout=60)
    assert post(form, b"x", {**said(), "Content-Type": "text/html"}) >= 400
    after = listed(server, root)
    assert {key: after.get(key) for key in before} == before
    assert all(key.startswith(form["begins"]) for key in after.keys() - before.keys()), after.keys() - before.keys()
    assert all(one["name"] == "film.mp4" for one in david.ok("down", "--json").json["received"])


@pytest.mark.seaweedfs
@pytest.mark.ministack
def test_a_form_ends(tmp_path: Path, server: Server) -> None:
    store = open_store(f"s3://{server.bucket}/{uuid.uuid4().hex}", StoreOptions(env=server.environment()))
    form = require_aspect(store, Forms).sign_form("inbox/", lasts=timedelta(seconds=1), most_bytes=9, filled=())
    held = {"url": form.url, "fields": form.fields, "begins": form.begins}
    deadline = datetime.now(UTC) + timedelta(seconds=60)
    while post(held, b"late", {}) < 400:
        assert datetime.now(UTC) < deadline, "it takes files after its end"


@pytest.mark.moto
def test_a_store_that_keeps_to_no_policy_is_refused(tmp_path: Path, moto: Moto) -> None:
    before = listed(moto, "")
    david, _ = people_on(tmp_path, moto)
    told = david.expect(1, "receive")
    assert "cannot take in files of clients" in told.err and "hint: " in told.err
    new = listed(moto, "").keys() - before.keys()
    assert not [key for key in new if "/inbox/" in key or "/pages/" in key]


@pytest.mark.parametrize("way", ["..", "%2e%2e", "..\\"])
def test_a_store_that_follows_dots_is_refused(folder: tuple[Store, Person, Person], way: str) -> None:
    """A server that normalises keys would let a form reach the project: the trial notices each way of it."""
    store, _, _ = folder

    step = f"/{way}" if way.endswith("\\") else f"/{way}/"

    class Following:
        def sign_form(self, prefix: str, **_: object) -> Any:
            return prefix

        def send_form(self, form: Any, key: str, body: bytes, filled: Mapping[str, str]) -> int:
            if len(body) > 16 or not key.startswith(form):
                return 403
            above, is_way, last = key.partition(step)
            reached = f"{above.rpartition('/')[0]}/{last}" if is_way else key
            if ".." in reached or "%" in reached:
                return 400
            store_put(store, reached, body)
            return 201

    with pytest.raises(Unsupported, match="clients"):
        try_out(store, Following(), inbox_prefix(PREFIX))


def store_put(store: Store, key: str, body: bytes) -> None:
    import hashlib

    from s3sync.store.port import Headers, Overwrite

    store.put(key, body, mode=Overwrite(), headers=Headers(), md5=hashlib.md5(body).digest())


def test_a_folder_store_has_no_pages_and_no_page_lasts_for_ever(folder: tuple[Store, Person, Person]) -> None:
    _, david, _ = folder
    assert "makes no links that work without credentials" in david.expect(1, "receive").err
    assert "7 days" in david.expect(2, "receive", "--expires", "8d").err
    assert "it is no time" in david.expect(2, "receive", "--expires", "soon").err
    assert "exclude each other" in david.expect(2, "receive", "--list", "--end", "ab").err
    assert "no inbox is called" in david.expect(2, "receive", "--end", "ab").err


HOSTILE = {
    "../../../x.mov": "x.mov",
    "<img src=x onerror=alert(1)>.mov": "img src=x onerror=alert(1)-.mov",
    "a\x1b]0;owned\x07.mov": "a ]0;owned .mov",
    ".s3syncignore": "s3syncignore",
    "metadata.json": "received-metadata.json",
    "run.lnk": "run.lnk.received",
    "x" * 400: "x" * 180,
}


def test_hostile_names_become_plain_ones_and_reach_no_terminal(folder: tuple[Store, Person, Person]) -> None:
    store, david, _ = folder
    inbox = open_inbox(store)
    for name in HOSTILE:
        drop(store, inbox, name.encode(), name, "\x1b[2J<b>Anna\u202e")
    told = david.ok("status").out
    assert "client 2JbAnna wait" in told and "\x1b" not in told
    report = david.ok("down")
    assert "\x1b" not in report.out + report.err
    assert {name: david.read(name) for name in david.files()} == {
        taken: name.encode() for name, taken in HOSTILE.items()
    }
    assert not (david.staging / ".s3syncignore").exists()


def test_one_name_twice_a_file_of_ones_own_and_a_deleted_one_are_all_kept(folder: tuple[Store, Person, Person]) -> None:
    store, david, jan = folder
    for name in ("mine.mov", "gone.mov", "cleaned.mov"):
        david.write(name, name)
    david.ok("up")
    jan.ok("down")
    (david.staging / "gone.mov").unlink()
    david.ok("sync")
    david.ok("cleanup", "--yes", "cleaned.mov")
    inbox = open_inbox(store)
    for number, name in enumerate(("MINE.mov", "gone.mov", "cleaned.mov", "new.mov", "new.mov")):
        drop(store, inbox, f"{number}".encode(), name)
    david.write("local.mov", "not sent yet")
    drop(store, inbox, b"5", "local.mov")
    received = david.ok("down", "--json").json["received"]
    names = [one["name"] for one in received]
    assert len(set(names)) == 6 and sum(".client-Anna-" in name for name in names) == 5 and "new.mov" in names
    assert sorted(david.read(name) for name in names) == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert david.read("local.mov") == b"not sent yet"
    jan.ok("down")
    assert jan.read("cleaned.mov") == b"cleaned.mov" and jan.read("mine.mov") == b"mine.mov"
    assert {jan.read(name) for name in names} == {b"0", b"1", b"2", b"3", b"4", b"5"}


def test_a_dry_run_and_a_run_of_some_files_take_nothing_in(folder: tuple[Store, Person, Person]) -> None:
    store, david, _ = folder
    david.write("own.mov", "own")
    david.ok("up")
    inbox = open_inbox(store)
    key = drop(store, inbox, b"film", "own.mov")
    told = david.ok("down", "--dry-run")
    assert "own.mov (4 B) from client Anna would be taken in as own.client-Anna-" in told.out
    assert david.ok("down", "own.mov", "--json").json["received"] == []
    assert david.ok("up", "--json").json.get("received") == []
    assert store.head(key).info.size == 4
    assert len(david.ok("sync", "--json").json["received"]) == 1


def test_what_the_settings_ignore_is_renamed_rather_than_lost_from_sight(folder: tuple[Store, Person, Person]) -> None:
    store, david, _ = folder
    (david.repo / ".s3syncignore").write_text("*.tmp\n")
    drop(store, open_inbox(store), b"film", "cut.tmp")
    assert [one["name"] for one in david.ok("down", "--json").json["received"]] == ["cut.tmp.received"]
    assert david.read("cut.tmp.received") == b"film"


def test_what_the_settings_ignore_under_any_name_stays_where_it_is(folder: tuple[Store, Person, Person]) -> None:
    store, david, jan = folder
    (david.repo / ".s3syncignore").write_text("*\n!*.mov\n")
    inbox = open_inbox(store)
    key = drop(store, inbox, b"notes", "notes.txt")
    drop(store, inbox, b"film", "film.mov")
    david.ok("down", "--dry-run")
    report = david.ok("down", "--json").json
    assert [one["name"] for one in report["received"]] == ["film.mov"]
    assert [text for text in report["warnings"] if "ignore files of such names (notes.txt)" in text]
    assert store.head(key).info.size == 5 and set(david.files()) == {"film.mov"}
    assert [one["name"] for one in jan.ok("down", "--json").json["received"]] == ["notes.txt"]


@pytest.mark.seaweedfs
def test_after_its_end_an_inbox_takes_nothing_more(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    david, jan = people_on(tmp_path, seaweedfs)
    (opened,) = david.ok("receive", "--json").json["inboxes"]
    form = form_of(opened["url"])
    assert post(form, b"in time", said("early.mov", "Anna")) == 201
    told = jan.ok("receive", "--end", opened["id"][:6])
    assert "1 file (7 B) from client Anna waits" in told.out and "until its own end" in told.out
    with urllib.request.urlopen(opened["url"], timeout=60) as answer:
        page = answer.read().decode()
    assert "has ended it" in page and 'id="form"' not in page
    listing = jan.ok("receive", "--list", "--json").json
    store = open_store(listing["store"], StoreOptions(env=seaweedfs.environment()))
    ended = datetime.fromisoformat(listing["inboxes"][0]["ended"])
    while True:  # the store tells whole seconds: one that is behind the end
        key = drop(store, opened["id"], b"late", "late.mov")
        if store.head(key).info.modified > ended:
            break
        store.delete(key)
    assert [one["name"] for one in david.ok("down", "--json").json["received"]] == ["early.mov"]
    (listed,) = david.ok("receive", "--list", "--json").json["inboxes"]
    assert listed["late"] == {"files": 1, "bytes": 4} and listed["waiting"] == []
    assert store.head(key).info.size == 4, "nobody's bytes are deleted unseen"


@pytest.mark.seaweedfs
def test_what_was_sent_to_a_page_can_be_thrown_away_unseen(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    david, jan = people_on(tmp_path, seaweedfs)
    opened = [david.ok("receive", "--json").json["inboxes"][0] for _ in range(2)]
    forms = [form_of(one["url"]) for one in opened]
    assert [post(form, FILM, said(f"{number}.mov", "Anna")) for number, form in enumerate(forms)] == [201, 201]
    bad = opened[0]["id"][:8]
    assert "goes with --end" in jan.expect(2, "receive", "--discard").err
    refused = jan.expect(5, "receive", "--end", bad, "--discard", answer="n\n")
    assert "1 file (16.0 KB) from client Anna waits" in refused.err and "has not been ended" in refused.err
    assert jan.ok("receive", "--end", bad, "--discard", "--dry-run", "--json").json["discarded"]["files"] == 0
    told = jan.ok("receive", "--end", bad, "--discard", "--yes").out
    assert "Deleted for good: 1 file (16.0 KB)" in told
    assert [one["name"] for one in david.ok("down", "--json").json["received"]] == ["1.mov"]


@pytest.mark.seaweedfs
def test_what_comes_while_the_question_is_open_is_not_thrown_away(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    david, jan = people_on(tmp_path, seaweedfs)
    (opened,) = david.ok("receive", "--json").json["inboxes"]
    form = form_of(opened["url"])
    assert post(form, b"on trial", said("trial.mov", "Anna")) == 201

    def confirm(report: ReceiveReport) -> bool:
        assert sum(one.files for one in report.inboxes[0].waiting) == 1
        return post(form, FILM, said("film.mov", "Anna")) == 201

    project = Project.open(PROJECT, path=jan.repo, environ=jan.env())
    report = project.end_inbox(opened["id"], discard=True, confirm=confirm)
    assert (report.discarded, report.discarded_bytes) == (1, len(b"on trial"))
    assert [one["name"] for one in david.ok("down", "--json").json["received"]] == ["film.mov"]


@pytest.mark.ministack
def test_who_may_only_read_leaves_it_to_the_others(tmp_path: Path, ministack: MiniStack) -> None:
    david, jan = pair(
        tmp_path,
        f"s3://{ministack.bucket}/{uuid.uuid4().hex}",
        {"david": ministack.environment(), "jan": ministack.environment()},
    )
    jan.environ = {**ministack.environment("reader")}
    (opened,) = david.ok("receive", "--json").json["inboxes"]
    assert post(form_of(opened["url"]), FILM, said("film.mov", "Anna")) == 201
    told = jan.ok("down")
    assert "1 file of clients cannot be taken in by you" in told.err and jan.files() == {}
    assert len(david.ok("down", "--json").json["received"]) == 1
    jan.ok("down")
    assert jan.read("film.mov") == FILM


@pytest.mark.parametrize("name", ["own.mov", "nothing.mov", "same size.mov"])
def test_a_claim_that_lies_about_being_done_loses_no_file(folder: tuple[Store, Person, Person], name: str) -> None:
    """Whoever may write metadata.json alone could else have others delete what only the inbox has."""
    store, david, _ = folder
    david.write("own.mov", "own")
    david.write("same size.mov", "mine")
    david.ok("up")
    key = drop(store, open_inbox(store), b"film", "film.mov")
    entry, etag = key.removeprefix(inbox_prefix(PREFIX)), store.head(key).info.etag
    edits = Edits("mallory", "2026-11-26T12:00:00Z", "host", counts_as_sync=False)
    edits.inboxes.claimed[entry] = Claim(etag, f"claimed {name}", done=True)
    stored = write_edits(store, PREFIX, read_manifest(store, PREFIX), edits)
    stored.manifest.arriving[entry] = Claim(etag, name, done=True)
    text = b"".join(render(stored.manifest))
    store_put(store, f"{PREFIX}metadata.json", text)
    (received,) = david.ok("down", "--json").json["received"]
    assert david.read(received["name"]) == b"film" and david.read("own.mov") == b"own"


def opened_by(person: Person) -> Project:
    return Project.open(path=person.project, environ=person.env())


def test_those_whose_sender_was_not_asked_are_told_as_more() -> None:
    waiting = [Waiting("client:Anna", 1, 4), Waiting(None, 25, 5_000_000)]
    assert list(waiting_lines(waiting)) == [
        "  1 file (4 B) from client Anna waits: `s3sync down`",
        "  25 files (5.0 MB) more from clients wait: `s3sync down`",
    ]


def test_many_files_are_taken_in_some_at_a_time(
    folder: tuple[Store, Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, david, _ = folder
    inbox = open_inbox(store)
    for number in range(45):
        drop(store, inbox, f"{number}".encode(), "still.jpg" if number % 2 else f"{number}.jpg")
    monkeypatch.setattr(incoming, "BATCH", 10)
    report = opened_by(david).down()
    assert len(report.received) == len(report.downloaded) == 45
    assert sorted(int(david.read(name)) for name in david.files()) == list(range(45))
    assert list(store.list(inbox_prefix(PREFIX))) == []
    manifest = json.loads(b"".join(map(bytes, store.get(f"{PREFIX}metadata.json").__enter__())))
    assert len(manifest.get("arriving", {})) <= 20


def test_an_inbox_that_is_over_is_forgotten(folder: tuple[Store, Person, Person]) -> None:
    store, david, _ = folder
    old = open_inbox(store, until=datetime.now(UTC) - timedelta(days=3))
    young = open_inbox(store, until=datetime.now(UTC) - timedelta(days=1))
    drop(store, old, b"late, but sent", "late.mov")
    assert len(david.ok("down", "--json").json["received"]) == 1
    assert [one["id"] for one in david.ok("receive", "--list", "--json").json["inboxes"]] == [young]
    assert "over since" in david.ok("receive", "--list").out


def test_without_an_inbox_nothing_more_is_asked_of_the_store(
    folder: tuple[Store, Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, david, _ = folder
    david.write("own.mov", "own")
    david.ok("up")

    def never(*_: object) -> None:
        raise AssertionError("looked for files of clients")

    monkeypatch.setattr(incoming, "list_inboxes", never)
    assert opened_by(david).status().incoming == [] and opened_by(david).down().received == []


KEYS = {"AWS_ACCESS_KEY_ID": "a" * 20, "AWS_SECRET_ACCESS_KEY": "b" * 40}


def form_on(url: str, env: Mapping[str, str] = KEYS, **more: Any) -> tuple[Any, str]:
    """A form and a link of a store that is asked nothing."""
    store = open_store(url, StoreOptions(env=env, **more))
    form = require_aspect(store, Forms).sign_form(
        "r/inbox/", lasts=timedelta(days=2), most_bytes=9, filled=("x-amz-meta-name",)
    )
    return form, require_aspect(store, Presigns).presign_get("r/page.html", lasts=timedelta(days=2)).url


@pytest.mark.parametrize("url", ["s3://our-bucket/media", "s3://our-bucket", "s3://dotted.bucket/a"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1"])
def test_a_page_and_its_form_are_of_one_address(url: str, region: str) -> None:
    """So no browser asks the bucket for its CORS."""
    form, link = form_on(url, region=region)
    assert urlsplit(form.url).netloc == urlsplit(link).netloc
    assert form.begins == f"{url.removeprefix('s3://').partition('/')[2]}/r/inbox/".lstrip("/")


def test_a_form_ends_with_the_session_that_signed_it() -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    session = KEYS | {"AWS_SESSION_TOKEN": "token", "AWS_CREDENTIAL_EXPIRATION": soon.isoformat()}
    form, _ = form_on("s3://bucket", session, endpoint_url="http://127.0.0.1:9")
    assert form.expires == soon and form.fields["x-amz-security-token"] == "token"


def test_a_form_asks_for_what_the_settings_ask_for() -> None:
    wire = Wire(sse="aws:kms", kms_key_id="key", acl="bucket-owner-full-control", request_payer="requester")
    form, _ = form_on("s3://bucket", region="us-east-1", wire=wire)
    conditions = policy_of({"fields": form.fields})
    for name, value in {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "key",
        "acl": "bucket-owner-full-control",
    }.items():
        assert form.fields[name] == value and {name: value} in conditions
    named = {name for one in conditions for name in (one if isinstance(one, dict) else [str(one[1]).lstrip("$")])}
    unnamed = {"policy", "x-amz-signature"}
    assert set(form.fields) - unnamed <= named, "S3 refuses a field that no condition names"
    assert "x-amz-request-payer" not in form.fields


@pytest.mark.seaweedfs
@pytest.mark.ministack
def test_an_upload_that_is_cut_in_the_middle_leaves_nothing(tmp_path: Path, server: Server) -> None:
    david, _ = people_on(tmp_path, server)
    (opened,) = david.ok("receive", "--json").json["inboxes"]
    form = form_of(opened["url"])
    whole = multipart(
        "edge", {"key": f"{form['begins']}{'a' * 32}", **form["fields"], **said("cut.mov")}, bytes(5_000_000)
    )
    address = urlsplit(form["url"])
    head = (
        f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {len(whole)}\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
    )
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=60) as line:
        line.sendall(head.encode() + whole[:3_000_000])
    assert post(form, FILM, said("whole.mov")) == 201
    assert [one["name"] for one in david.ok("down", "--json").json["received"]] == ["whole.mov"]


def test_behind_many_objects_that_are_none_of_the_page_files_are_found(
    folder: tuple[Store, Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, david, _ = folder
    inbox = open_inbox(store)
    for number in range(12):
        drop(store, inbox, b"odd", key=f"a.{number}")
    for number in range(7):
        drop(store, inbox, f"{number}".encode(), f"{number}.mov")
    monkeypatch.setattr(inboxes, "MOST", 5)
    assert len(opened_by(david).down().received) == 5
    report = opened_by(david).down()
    assert len(report.received) == 2 and len(david.files()) == 7
    monkeypatch.setattr(inboxes, "LISTED", 3)
    assert "run the command again" in " ".join(opened_by(david).down().warnings)


def test_a_watch_is_told_what_clients_sent_and_fetches_it(folder: tuple[Store, Person, Person]) -> None:
    store, david, _ = folder
    exchange = Exchange(lambda: opened_by(david).session)
    drop(store, open_inbox(store), b"film", "film.mov")
    waits, _ = exchange.list()
    assert (waits.files, waits.size_bytes, dict(waits.by)) == (1, 4, {"client:Anna": 1})
    assert [one.name for one in exchange.fetch().downloaded] == ["film.mov"]
    assert exchange.list()[0].files == 0

"""Review pages through the command line: made, opened by anybody, listed, ended, and gone by themselves."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from s3sync.shared.pages import drop_ended, new_page_key
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite
from tests.kit.films import film
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.servers import MiniStack, Moto, SeaweedFS

Pair = tuple[Person, Person]


@pytest.fixture
def seaweed_pair(tmp_path: Path, seaweedfs: SeaweedFS) -> Pair:
    environments = {name: seaweedfs.environment(name) for name in ("david", "jan")}
    return pair(tmp_path, f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", environments)


def fetched(url: str) -> tuple[str, bytes]:
    """Type and bytes behind a link, without any credentials."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.headers["Content-Type"], answer.read()


def links(page: bytes) -> list[str]:
    found = re.findall(r'(?:src|href)="(http[^"]+)"', page.decode())
    return [link.replace("&amp;", "&") for link in found]


@pytest.mark.seaweedfs
def test_a_page_plays_shows_and_saves_what_was_chosen(seaweed_pair: Pair) -> None:
    david, jan = seaweed_pair
    files = {"cut/draft 1.mp4": "h264.mp4", "color.mov": "prores.mov", "mix.wav": "sound.wav", "still.jpg": "still.jpg"}
    for name, kind in files.items():
        david.write(name, film(kind))
    david.write("notes.txt", "read me")
    david.write("private.mp4", film("vp9.webm"))
    david.ok("up")
    words = ("share", *files, "notes.txt", "--page", "--title", "Second cut", "--expires", "2h")
    report = david.ok(*words, "--json").json
    assert report["page"]["title"] == "Second cut" and report["page"]["by"] == "david"
    assert sorted(report["files"]) == sorted([*files, "notes.txt"])
    (warning,) = report["warnings"]
    assert warning.startswith("color.mov is ProRes: browsers cannot play it")
    kind, page = fetched(report["page"]["url"])
    assert kind.replace(" ", "") == "text/html;charset=utf-8"
    text = page.decode()
    assert "Second cut" in text and "david" in text and "private" not in text
    until = datetime.fromisoformat(report["page"]["expires"])
    assert f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" in text
    assert timedelta(minutes=110) < until - datetime.now(UTC) <= timedelta(hours=2)
    assert text.count("data:image/jpeg;base64,") == 2 and text.count('class="wave"') == 1
    assert len(re.findall(r"<video ", text)) == 1, "none for the one that cannot be played"
    assert "Browsers cannot play this film (ProRes)" in text
    types = {fetched(link)[0] for link in links(page)}
    assert types == {"video/mp4", "video/quicktime", "audio/wav", "image/jpeg", "text/plain"}
    contents = {fetched(link)[1] for link in links(page)}
    assert contents == {*map(film, files.values()), b"read me"}
    assert jan.ok("share", "mix.wav", "--page", "--json").json["warnings"] == [
        "mix.wav: not on this computer, so without poster or waveform"
    ]
    jan.ok("sync")
    assert not [name for name in jan.files() if name.endswith(".html")], "no page is a file of the project"


@pytest.mark.seaweedfs
def test_pages_are_listed_and_ended(seaweed_pair: Pair) -> None:
    david, jan = seaweed_pair
    david.write("notes.txt", "read me")
    david.ok("up")
    assert "No page" in david.ok("share", "--list").out
    would = david.ok("share", "notes.txt", "--page", "--dry-run")
    assert "would be made" in would.out and "http" not in would.out
    assert david.ok("share", "--list", "--json").json["pages"] == []
    first = david.ok("share", "notes.txt", "--page", "--title", "Über <b>allem</b>", "--json").json["page"]
    told = david.ok("share", "notes.txt", "--page", "--log-file", str(david.root / "log"))
    second = told.out.splitlines()[1]
    assert second.startswith("http") and "Signature" not in (david.root / "log").read_text()
    pages = jan.ok("share", "--list", "--json").json["pages"]
    assert {(page["title"], page["by"], page["files"]) for page in pages} == {
        ("Über <b>allem</b>", "david", 1),
        (PROJECT, "david", 1),
    }
    assert fetched(first["url"])[1] and "would be ended" in jan.ok("share", "--end", first["id"], "--dry-run").out
    assert fetched(first["url"])[1]
    ended = jan.ok("share", "--end", first["id"])
    assert "has ended" in ended.out and "can fetch them until" in ended.out
    with pytest.raises(urllib.error.HTTPError):
        fetched(first["url"])
    david.ok("share", "--end", second)  # by its link
    assert david.ok("share", "--list", "--json").json["pages"] == []
    assert "--list" in david.expect(2, "share", "--end", first["id"]).err


@pytest.mark.seaweedfs
def test_what_cannot_be_shared_is_on_no_page(seaweed_pair: Pair) -> None:
    david, _ = seaweed_pair
    david.write("same.txt", "same")
    david.ok("up")
    david.write("draft.mp4", "never sent")
    report = david.expect(3, "share", "same.txt", "draft.mp4", "--page", "--json").json
    assert report["files"] == ["same.txt"] and report["page"]["url"]
    assert [(one["name"], one["error"]) for one in report["refused"]] == [("draft.mp4", "is not on the remote")]
    alone = david.expect(3, "share", "draft.mp4", "--page", "--json").json
    assert alone["page"] is None and len(david.ok("share", "--list", "--json").json["pages"]) == 1
    assert "nosuch" in david.expect(2, "share", "nosuch.mp4", "--page").err


@pytest.mark.moto
def test_what_lies_in_cold_storage_is_on_no_page(tmp_path: Path, moto: Moto) -> None:
    prefix = uuid.uuid4().hex
    david, _ = pair(tmp_path, f"s3://{moto.bucket}/{prefix}", {name: moto.environment() for name in ("david", "jan")})
    david.write("old.mov", "film")
    david.ok("up")
    key = f"{prefix}/{REPO}/{PROJECT}/old.mov"
    moto.client().copy_object(
        Bucket=moto.bucket, Key=key, CopySource=f"{moto.bucket}/{key}", StorageClass="GLACIER", MetadataDirective="COPY"
    )
    told = david.expect(3, "share", "old.mov", "--page")
    assert "cold storage (GLACIER)" in told.err and "http" not in told.out


@pytest.mark.moto
@pytest.mark.parametrize("words", [(), ("--page",)])
def test_a_file_whose_name_another_tool_wrote_in_pieces_is_shared(
    words: tuple[str, ...], tmp_path: Path, moto: Moto
) -> None:
    """macOS takes an é for an e and an accent, and so do tools that upload from there."""
    prefix = uuid.uuid4().hex
    david, _ = pair(tmp_path, f"s3://{moto.bucket}/{prefix}", {name: moto.environment() for name in ("david", "jan")})
    name = unicodedata.normalize("NFD", "été.txt")
    moto.client().put_object(Bucket=moto.bucket, Key=f"{prefix}/{REPO}/{PROJECT}/{name}", Body=b"summer")
    report = david.ok("share", "été.txt", *words, "--json").json
    url = links(fetched(report["page"]["url"])[1])[0] if words else report["shared"][0]["url"]
    assert fetched(url)[1] == b"summer"


@pytest.mark.ministack
def test_the_least_rights_of_a_member_allow_it_and_those_of_a_reader_do_not(
    tmp_path: Path, ministack: MiniStack
) -> None:
    bucket = f"team-{uuid.uuid4().hex[:12]}"
    ministack.users["owner"] = ministack.admin
    owner = Person("owner", tmp_path / "owner", ministack.environment("owner"))
    place = {"S3SYNC_STORE": f"s3://{bucket}/media", "AWS_REGION": "us-east-1"}
    owner.environ = {**owner.environ, **place}
    (owner.repo / ".s3sync.yaml").write_text(f"repo: {REPO}\n")
    owner.ok("setup", "bucket", "--yes")
    people: dict[str, Person] = {}
    for word, options in (("member", ()), ("reader", ("--read-only",))):
        name = f"{word}-{uuid.uuid4().hex[:6]}"
        told = owner.ok("setup", "member", name, *options, "--yes", "--json").json
        keys = {"AWS_ACCESS_KEY_ID": told["access_key_id"], "AWS_SECRET_ACCESS_KEY": told["secret_access_key"]}
        person = people[word] = Person(name, tmp_path / word, {**ministack.environment("owner"), **keys, **place})
        (person.repo / ".s3sync.yaml").write_text(f"repo: {REPO}\n")
        person.staging.mkdir(parents=True)
    member, reader = people["member"], people["reader"]
    member.write("mix.wav", film("sound.wav"))
    member.ok("up")
    page = member.ok("share", "mix.wav", "--page", "--json").json["page"]
    document = fetched(page["url"])[1]
    assert {fetched(link)[1] for link in links(document)} == {film("sound.wav")}
    reader.ok("down")
    told = reader.expect(1, "share", "mix.wav", "--page")
    assert "Traceback" not in told.err and "http" not in told.out
    assert len(reader.ok("share", "--list", "--json").json["pages"]) == 1
    reader.expect(1, "share", "--end", page["id"])
    member.ok("share", "--end", page["id"])
    rules = ministack.client("admin").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    (rule,) = [rule for rule in rules if "shares-of" in rule["ID"]]
    assert rule["Filter"] == {"Prefix": f"media/{REPO}/.s3sync/shares/"} and rule["Expiration"]["Days"] > 7


def test_pages_that_ended_go_by_the_stores_clock_and_nothing_else_does(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store", create=True)
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    hours = {"long ago": -720, "an hour ago": -1, "to come": 144}
    ends = {word: now + timedelta(hours=count) for word, count in hours.items()}
    keys = {word: new_page_key(f"{REPO}/{PROJECT}/", end) for word, end in ends.items()}
    keys["of another project"] = new_page_key(f"{REPO}/other/", ends["long ago"])
    keys["no page"] = f"{REPO}/.s3sync/shares/{PROJECT}/20200101T000000Z-notes.txt"
    keys["a folder below"] = f"{REPO}/.s3sync/shares/{PROJECT}/x/20200101T000000Z-00000000.html"
    keys["no time"] = f"{REPO}/.s3sync/shares/{PROJECT}/20209999T000000Z-00000000.html"
    for key in keys.values():
        store.put(key, b"", mode=Overwrite(), headers=Headers(), md5=bytes.fromhex("d41d8cd98f00b204e9800998ecf8427e"))
    assert drop_ended(store, f"{REPO}/{PROJECT}/", now) == 1
    left = {info.key for info in store.list("")}
    assert left == {key for word, key in keys.items() if word != "long ago"}


@pytest.mark.moto
def test_what_a_page_says_of_itself_is_no_more_than_text(tmp_path: Path, moto: Moto) -> None:
    """Members can write what they like beside it; so can who has their keys."""
    prefix = uuid.uuid4().hex
    david, _ = pair(tmp_path, f"s3://{moto.bucket}/{prefix}", {name: moto.environment() for name in ("david", "jan")})
    david.write("a.txt", "a")
    david.ok("up")
    place = f"{prefix}/{REPO}/.s3sync/shares/{PROJECT}"
    for index, said in enumerate(({}, {"title": "=?utf-8?b?G1sySg==?=", "made-by": "x" * 500, "files": "1e9"})):
        key = f"{place}/20990101T000000Z-0000000{index}.html"
        moto.client().put_object(Bucket=moto.bucket, Key=key, Body=b"", Metadata=said)
    moto.client().put_object(Bucket=moto.bucket, Key=f"{place}/00010101T000000Z-00000009.html", Body=b"")
    listed = david.ok("share", "--list")
    assert "\x1b" not in listed.out and listed.out.count("\n") == 3 and "without a title" in listed.out
    assert {page["files"] for page in david.ok("share", "--list", "--json").json["pages"]} == {None}
    assert david.ok("share", "--end", "00000001", "--json").json["pages"][0]["id"] == "00000001"


def test_options_that_do_not_go_together_are_told(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("draft.mp4", "film")
    david.ok("up")
    for words in (
        ("draft.mp4", "--page", "--list"),
        ("draft.mp4", "--list"),
        ("draft.mp4", "--title", "x"),
        ("draft.mp4", "--page", "--download"),
        ("draft.mp4", "--page", "--title", "x" * 101),
        ("draft.mp4", "--page", "--title", "a\x1b[2J"),
        ("draft.mp4", "--page", "--expires", "8d"),
        ("draft.mp4", "--dry-run"),
        ("--end", "nosuch"),
        ("--list", "--qr"),
        ("--page",),
        (),
    ):
        told = david.expect(2, "share", *words)
        assert "error: " in told.err and "hint: " in told.err, words
    told = david.expect(1, "share", "draft.mp4", "--page")
    assert "makes no links that work without credentials" in told.err and "hint: " in told.err
    assert not any((tmp_path / "store").rglob("*.html"))
    assert json.loads(david.ok("share", "--list", "--json").out)["pages"] == []


@pytest.mark.moto
def test_without_ffmpeg_the_page_is_made_and_it_is_said_what_to_install(tmp_path: Path, moto: Moto) -> None:
    """A Python without the extra, and a PATH without the program."""
    environ = {**moto.environment(), "PATH": str(tmp_path / "bin")}
    (tmp_path / "bin").mkdir()
    hidden = tmp_path / "hidden"
    (hidden / "imageio_ffmpeg").mkdir(parents=True)
    (hidden / "imageio_ffmpeg/__init__.py").write_text("raise ImportError('not installed')\n")
    environ["PYTHONPATH"] = str(hidden)
    for program in ("sh", "env"):
        (tmp_path / "bin" / program).symlink_to(str(shutil.which(program)))
    david, _ = pair(tmp_path, f"s3://{moto.bucket}/{uuid.uuid4().hex}", {"david": environ, "jan": environ})
    david.write("draft.mp4", film("h264.mp4"))
    david.write("raw.mxf", "raw")
    david.ok("up")
    report = david.ok("share", "draft.mp4", "raw.mxf", "--page", "--json").json
    (warning,) = report["warnings"]
    assert "no ffmpeg" in warning and "pip install 's3sync-collab[review]'" in warning
    page = fetched(report["page"]["url"])[1].decode()
    assert "data:image/jpeg" not in page and page.count("<video ") == 1
    assert "Browsers cannot play this film." in page

"""Links for people without an account: they open what was shared, until they end, and nothing that should not be."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from s3sync.cli.show.share import code_of, print_share
from s3sync.sync.report import ProjectAddress
from s3sync.team.sharing import Shared, ShareReport
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.servers import Moto, SeaweedFS

FILM = "cut/dräft 1.mp4"


@pytest.fixture
def seaweed_pair(tmp_path: Path, seaweedfs: SeaweedFS) -> tuple[Person, Person]:
    environments = {name: seaweedfs.environment(name) for name in ("david", "jan")}
    return pair(tmp_path, f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", environments)


def fetched(url: str) -> tuple[bytes, str | None]:
    """Bytes behind a link, and what it says of saving them; without any credentials."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read(), answer.headers["Content-Disposition"]


def ends(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.seaweedfs
def test_a_link_opens_the_file_for_anybody_and_only_that(seaweed_pair: tuple[Person, Person]) -> None:
    david, jan = seaweed_pair
    david.write(FILM, b"film" * 1000)
    david.ok("up")
    report = jan.ok("share", FILM, "--expires", "2h", "--json").json  # he need not have it
    (shared,) = report["shared"]
    assert fetched(shared["url"]) == (b"film" * 1000, None)
    assert timedelta(minutes=110) < ends(shared["expires"]) - datetime.now(UTC) <= timedelta(hours=2)
    assert not shared["ends_early"]
    (saved,) = david.ok("share", FILM, "--download", "--json").json["shared"]
    assert "filename*=UTF-8''dr%C3%A4ft%201.mp4" in str(fetched(saved["url"])[1])
    assert parse_qs(urlsplit(saved["url"]).query)["X-Amz-Expires"] == ["604800"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetched(shared["url"].replace("cut/", "other/"))
    told = david.ok("share", FILM, "--log-file", str(david.root / "log"), "--quiet")
    assert told.out.startswith("http") and told.out.count("\n") == 1
    assert "X-Amz-Signature" not in (david.root / "log").read_text()


@pytest.mark.seaweedfs
def test_the_store_notes_until_when_there_is_a_link_and_nothing_that_opens_it(
    seaweed_pair: tuple[Person, Person], seaweedfs: SeaweedFS
) -> None:
    """`archive auto` of anybody sees it by that. Who may not write there has the link all the same, and is told."""
    david, jan = seaweed_pair
    david.write("a.mp4", b"film")
    david.write("b.mp4", b"other")
    david.ok("up")
    client = seaweedfs.client("admin")
    place = f"{david.ok('status', '--json').json['store'].split('/')[3]}/{REPO}/.s3sync/shares/{PROJECT}/"

    def noted() -> list[str]:
        found = client.list_objects_v2(Bucket=seaweedfs.bucket, Prefix=place).get("Contents", [])
        return [str(one["Key"]).removeprefix(place) for one in found]

    old = "20200101T000000Z-00000000.link"
    client.put_object(Bucket=seaweedfs.bucket, Key=place + old, Body=b"")
    told = jan.ok("share", "*.mp4", "--expires", "2h", "--json").json
    assert not told["warnings"] and len(told["shared"]) == 2
    (name,) = noted()  # one for all links of a command; what ended long ago is gone
    last = max(ends(one["expires"]) for one in told["shared"])
    assert name.startswith(f"{last:%Y%m%dT%H%M%SZ}-") and name.endswith(".link")
    found = client.get_object(Bucket=seaweedfs.bucket, Key=place + name)
    said = {key: found["Metadata"][key] for key in ("made-by", "files")}
    assert found["Body"].read() == b"" and said == {"made-by": "jan", "files": "2"}
    assert not any(word in str(found) for word in ("Signature", "a.mp4"))
    assert not jan.ok("share", "--list", "--json").json["pages"]
    reader = jan.ok("share", "a.mp4", "--json", env=seaweedfs.environment("reader"))
    assert fetched(reader.json["shared"][0]["url"])[0] == b"film"
    assert "may archive the project before they end" in reader.json["warnings"][0] and len(noted()) == 1


@pytest.mark.seaweedfs
def test_what_a_link_would_not_show_is_refused_with_the_reason(seaweed_pair: tuple[Person, Person]) -> None:
    david, jan = seaweed_pair
    for name in ("same.mp4", "changed.mp4", "newer.mp4", "gone.mp4"):
        david.write(name, name)
    david.ok("up")
    jan.ok("down")
    jan.write("newer.mp4", "newer by jan")
    jan.ok("up")
    (david.staging / "gone.mp4").unlink()
    david.write("changed.mp4", "changed here")
    david.write("draft.mp4", "never sent")
    report = david.expect(3, "share", "*.mp4", "--json").json
    assert [one["name"] for one in report["shared"]] == ["same.mp4"]
    reasons = {one["name"]: one["error"] for one in report["refused"]}
    assert reasons == {
        "changed.mp4": "was changed here since it was uploaded",
        "draft.mp4": "is not on the remote",
        "gone.mp4": "was deleted here",
        "newer.mp4": "is another version on the remote",
    }
    assert "run `s3sync up` first" in david.expect(3, "share", "draft.mp4").err
    assert "nosuch" in david.expect(2, "share", "nosuch.mp4").err
    david.ok("cleanup", "--yes", "same.mp4")
    assert "a cleanup" in david.expect(3, "share", "same.mp4").err


@pytest.mark.moto
def test_what_lies_in_cold_storage_is_refused(tmp_path: Path, moto: Moto) -> None:
    prefix = uuid.uuid4().hex
    david, _ = pair(tmp_path, f"s3://{moto.bucket}/{prefix}", {name: moto.environment() for name in ("david", "jan")})
    david.write("old.mov", "film")
    david.write("warm.mov", "film")
    david.ok("up")
    key = f"{prefix}/{REPO}/{PROJECT}/old.mov"
    moto.client().copy_object(
        Bucket=moto.bucket, Key=key, CopySource=f"{moto.bucket}/{key}", StorageClass="GLACIER", MetadataDirective="COPY"
    )
    report = david.expect(3, "share", "old.mov", "warm.mov", "--json").json
    assert [one["name"] for one in report["shared"]] == ["warm.mov"]
    (refused,) = report["refused"]
    assert refused["name"] == "old.mov" and "cold storage (GLACIER)" in refused["error"]


@pytest.mark.moto
def test_a_link_that_ends_with_the_session_says_so(tmp_path: Path, moto: Moto) -> None:
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    keys = moto.environment()
    answer = {
        "Version": 1,
        "AccessKeyId": keys.pop("AWS_ACCESS_KEY_ID"),
        "SecretAccessKey": keys.pop("AWS_SECRET_ACCESS_KEY"),
        "SessionToken": "token",
        "Expiration": expires.isoformat(),
    }
    (tmp_path / "keys.json").write_text(json.dumps(answer))
    config = tmp_path / "config"
    config.write_text(f"[profile studio]\ncredential_process = cat {tmp_path}/keys.json\n")
    environ = {**keys, "AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "studio"}
    david, _ = pair(tmp_path, f"s3://{moto.bucket}/{uuid.uuid4().hex}", {"david": environ, "jan": environ})
    david.write("draft.mp4", "film")
    david.ok("up")
    (shared,) = david.ok("share", "draft.mp4", "--json").json["shared"]
    assert shared["ends_early"] and ends(shared["expires"]) == expires
    assert "your session" in david.ok("share", "draft.mp4").out
    page = david.ok("share", "draft.mp4", "--page", "--json").json["page"]
    assert page["ends_early"] and ends(page["expires"]) == expires
    assert f'data-until="{expires:%Y-%m-%dT%H:%M:%SZ}"'.encode() in fetched(page["url"])[0]
    assert not david.ok("share", "draft.mp4", "--expires", "1h", "--json").json["shared"][0]["ends_early"]


def test_a_folder_store_makes_no_links_and_no_link_lasts_for_ever(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("draft.mp4", "film")
    david.ok("up")
    told = david.expect(1, "share", "draft.mp4")
    assert "makes no links that work without credentials" in told.err and "hint: " in told.err
    assert "7 days" in david.expect(2, "share", "draft.mp4", "--expires", "8d").err
    assert "it is no time" in david.expect(2, "share", "draft.mp4", "--expires", "soon").err
    assert "does not go with" in david.expect(2, "share", "draft.mp4", "--qr", "--json").out


def test_a_code_is_of_the_link() -> None:
    pytest.importorskip("segno")
    url = "https://bucket.s3.amazonaws.com/x?" + "a" * 500
    lines = code_of(url).splitlines()
    assert len(lines) > 20 and code_of(url) != code_of(url + "b")


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process")
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("day", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
def test_a_thawed_copy_that_ends_on_the_first_day_of_the_calendar_is_told(
    day: datetime, zone: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The end is what the store's answer says, and some zones have no such day."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        report = ShareReport(
            ProjectAddress(PROJECT, REPO, "s3://b", Path("/r")), [Shared("a.mp4", 1, "https://s3.example.com/a", day)]
        )
        print_share(report, quiet=False, qr=False)
    time.tzset()
    assert f"until {day.year:04}-" in capsys.readouterr().out.replace("until 1-", "until 0001-")

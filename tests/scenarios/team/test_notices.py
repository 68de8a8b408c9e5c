"""Notices of what a command did, to a chat of the test: what arrives, and that a failure is told and harms nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.cli import notices
from s3sync.cli.notices import Digest
from s3sync.config import Settings, load_settings
from s3sync.core.notices import moved
from s3sync.errors import ConfigError
from s3sync.team.notices import send
from s3sync.team.notices.send import Sending
from tests.kit.people import REPO, Person, pair
from tests.kit.receiver import Chat, chat

pytest.importorskip("apprise")
SECRET = "hunter2geheim"


@pytest.fixture
def room() -> Iterator[Chat]:
    with chat() as found:
        yield found


@pytest.fixture
def both(tmp_path: Path) -> tuple[Person, Person]:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


def url(room: Chat) -> str:
    return f"json://127.0.0.1:{room.port}/{SECRET}"


def own_settings(person: Person) -> Path:
    path = person.root / "home" / ".config" / "s3sync" / "config.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_what_a_command_did_arrives_and_what_could_not_be_sent_is_told(both: tuple[Person, Person], room: Chat) -> None:
    david, _ = both
    with own_settings(david).open("a") as file:
        file.write(f"\nnotify: [{json.dumps(url(room))}, 'json://nobody:{SECRET}@127.0.0.1:9/{SECRET}']\n")
    david.write("<!channel>.mp4", "draft")
    told = david.ok("up", "--json")
    assert told.json["uploaded"] and told.err.count("was not sent") == 1
    assert "the notice to json://**** was not sent" in told.err and SECRET not in told.err + told.out
    (got,) = room.got
    assert "david uploaded 1 file (5 B): ‹!channel›.mp4" in got["message"] and REPO in got["title"]
    assert SECRET not in david.ok("config").out
    for words, part in (
        (("lock", "<!channel>.mp4"), "david locked 1 file until"),
        (("cleanup", "--yes"), "cleaned up"),
    ):
        room.got.clear()
        david.ok(*words, env={"S3SYNC_NOTIFY": url(room)})
        assert part in room.text
    room.got.clear()
    assert david.ok("up", env={"S3SYNC_NOTIFY": url(room)}).err == "" and room.got == []  # nothing was done
    david.ok("up", "--again", "--dry-run", env={"S3SYNC_NOTIFY": url(room)})
    assert room.got == []


def test_events_and_words_are_chosen_and_a_repository_names_no_address(both: tuple[Person, Person], room: Chat) -> None:
    david, _ = both
    settings, before = david.repo / ".s3sync.yaml", (david.repo / ".s3sync.yaml").read_text()
    there = {"S3SYNC_NOTIFY": url(room)}
    settings.write_text(f"{before}\nnotices: {{events: [conflict]}}\n")
    david.write("a.mp4", "a")
    david.ok("up", env=there)
    assert room.got == []
    settings.write_text(f"{before}\nnotices: {{events: [up], text: '<!here> {{user}} sent {{files}}'}}\n")
    david.write("b.mp4", "b")
    david.ok("up", env=there)
    assert room.got[0]["message"] == "‹!here› david sent b.mp4"
    settings.write_text(f"{before}\nnotices: {{text: '{{user.name}}'}}\n")
    assert "there is no {user.name}" in david.expect(2, "status").err
    settings.write_text(f"{before}\nnotify: ['json://evil.example.com']\n")
    assert "your own settings file" in david.expect(2, "status").err


def test_notify_test_says_which_address_took_it(both: tuple[Person, Person], room: Chat) -> None:
    david, _ = both
    told = david.expect(
        1, "notify", "test", "--json", env={"S3SYNC_NOTIFY": f"{url(room)} json://127.0.0.1:9/{SECRET}"}
    )
    assert [one["ok"] for one in told.json["sent"]] == [True, False] and SECRET not in told.out + told.err
    assert len(room.got) == 1
    shown = david.ok("notify", env={"S3SYNC_NOTIFY": url(room)})
    assert "json://****" in shown.out and SECRET not in shown.out
    wrong = david.expect(2, "notify", "test", env={"S3SYNC_NOTIFY": f"{SECRET}"})
    assert "it is no address" in wrong.err and SECRET not in wrong.err
    assert "there is no address" in david.expect(2, "notify", "test").err


def test_an_address_that_never_answers_and_one_that_refuses(room: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "READ_S", 0.2)
    for answer in (None, 500):
        room.answer = answer
        (sent,) = Sending([url(room)], "title", "body").finish()
        assert sent.why is not None and sent.address == "json://****" and SECRET not in sent.why
    (sent,) = Sending(["nosuch://x"], "title", "body").finish()
    assert sent.why == "apprise knows no such address"


def test_without_apprise_the_run_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match="not installed"):
        Sending(["json://127.0.0.1:9"], "title", "body").finish()


def test_a_watch_sends_digests(room: Chat, tmp_path: Path) -> None:
    found: Settings = load_settings(tmp_path, flags={}, environ={**os.environ, "S3SYNC_NOTIFY": url(room)})
    digest = Digest(found, first_s=notices.EVERY_S)
    for number in range(200):
        digest.add([moved("up", "uploaded", "jan", ("r", "p"), [(f"{number}.mp4", 1)])])
    digest.close()
    (got,) = room.got
    assert "0.mp4" in got["message"] and got["message"].endswith("and 180 more")
    digest.close()
    assert len(room.got) == 1


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        ("REQUESTS_CA_BUNDLE", "ca.pem"),
        ("CURL_CA_BUNDLE", "~/ca.pem"),
        ("NETRC", "./netrc"),
        ("SSL_CERT_FILE", "ca.pem"),
        ("SSL_CERT_DIR", "/etc/ssl/certs:certs"),
    ],
)
def test_no_file_of_the_current_folder_vouches_for_a_chat_or_logs_in_there(
    variable: str, path: str, room: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The libraries take such a path from the folder that a command runs in, which may be a stranger's clone."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login mallory password mallory\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, path)
    (sent,) = Sending([url(room)], "title", "body").finish()
    assert sent.why is not None and f"{variable} names" in sent.why and "no whole path" in sent.why
    assert room.got == []

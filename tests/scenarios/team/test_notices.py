"""Notices of what a command did, to a chat of the test: what arrives, and that a failure is told and harms nothing."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from s3sync.archive.restoring import RestoreReport
from s3sync.cli import notices
from s3sync.cli.notices import Digest
from s3sync.cli.show.notices import of_restore
from s3sync.config import Settings, load_settings
from s3sync.config.secrets import MASK
from s3sync.core.notices import Line, lines_of, moved
from s3sync.errors import ConfigError
from s3sync.team.notices import send, waiting
from s3sync.team.notices.send import Manner, Sending
from s3sync.team.notices.waiting import AGAIN_S, BURST, OLD_S, WINDOW_S, Waiting
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.receiver import Chat, chat
from tests.promises.hostile.test_wire import wire
from tests.scenarios.people.test_history_of_archives import SETS

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


def test_archives_thaws_and_conflicts_are_told_where_they_were_chosen(
    both: tuple[Person, Person], room: Chat, tmp_path: Path
) -> None:
    david, jan = both
    there = {"S3SYNC_NOTIFY": url(room)}
    for person in both:
        settings = person.repo / ".s3sync.yaml"
        settings.write_text(settings.read_text("utf-8") + SETS.format(store=(tmp_path / "vault").as_uri()), "utf-8")
    david.write("cut.mp4", "one")
    david.ok("up")
    david.ok("archive", "run", PROJECT, "--set", "films", env=there)
    david.ok("restore", PROJECT, "--set", "films", "--to", str(tmp_path / "back"), env=there)
    archived, restored = (line for one in room.got for line in one["message"].splitlines())
    assert archived.startswith("archives: david archived 1 unit (") and archived.endswith(f"): {PROJECT}")
    assert restored == f"archives: david restored 1 unit: {PROJECT}"
    jan.write("cut.mp4", "jan's own")
    jan.expect(4, "sync", env=there)
    assert "jan met 1 conflict: cut.mp4" in room.text
    room.got.clear()
    jan.ok("resolve", "cut.mp4", "--mine", env=there)
    assert "jan decided a conflict, the version of jan stays: cut.mp4" in room.text


def test_units_that_wait_for_their_thaw_are_told_once(tmp_path: Path) -> None:
    found: Settings = load_settings(tmp_path, flags={"user": "jan"}, environ=os.environ)
    report = RestoreReport(pending=["b40", "b41"])
    lines = lines_of(of_restore(report, found, resume=False))
    assert [line.text for line in lines] == ["archives: jan waits for the thaw of 2 units: b40, b41"]
    assert list(of_restore(report, found, resume=True)) == []


def test_apprise_is_loaded_only_where_there_is_something_to_send(both: tuple[Person, Person], tmp_path: Path) -> None:
    """It takes a sixth of a second, and more where the disk is slow."""
    david, _ = both
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/apprise.py").write_text(f"open({str(tmp_path / 'loaded')!r}, 'w')\n")
    david.fresh, david.environ = True, {"PYTHONPATH": str(tmp_path / "modules")}
    david.write("a.mp4", "a")
    david.ok("up")
    for words in (("up",), ("status",), ("notify",), ("up", "--again", "--dry-run")):
        david.ok(*words, env={"S3SYNC_NOTIFY": "json://127.0.0.1:9"})
        assert not (tmp_path / "loaded").exists(), words
    david.write("b.mp4", "b")
    david.ok("up", env={"S3SYNC_NOTIFY": "json://127.0.0.1:9"})
    assert (tmp_path / "loaded").exists()


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


def test_fifty_runs_send_few_messages_and_each_is_told(
    both: tuple[Person, Person], room: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    david, _ = both
    folder, there = david.root / "home/.local/share", {"S3SYNC_NOTIFY": url(room)}
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    found = load_settings(david.repo, flags={}, environ={**os.environ, **there})
    for number in range(50):
        one = moved("up", "uploaded", "david", ("r", "p"), [(f"take {number}.mp4", 1)])
        sending = notices.begin(found, [one])
        if sending is not None:
            notices.warn_of_failures(sending)
    # A computer that needs minutes for them sends a few more: three a minute, and never one for each.
    assert BURST <= len(room.got) < 25
    waits = david.ok("notify", "--json", env=there).json["waiting"]
    shown = david.ok("notify", env=there).out
    assert waits < 2 or f"the notices of {waits} runs" in shown  # at the edge of a minute one waits, or none
    book = next((folder / "s3sync/notices").rglob("sent"))
    book.unlink()  # a minute later
    david.ok("status", env=there)
    assert david.ok("notify", "--json", env=there).json["waiting"] == 0
    told = sum(one["message"].count("uploaded 1 file") for one in room.got)
    more = sum(int(line.split()[1]) for one in room.got for line in one["message"].splitlines() if " more" in line)
    assert told + more == 50
    names = "".join(str(path) for path in book.parents[1].rglob("*"))
    assert SECRET not in names and all(SECRET not in path.read_text("latin-1") for path in files_of(book.parents[1]))


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_no_address_took_goes_with_the_next_message(both: tuple[Person, Person], room: Chat) -> None:
    david, _ = both
    there = {"S3SYNC_NOTIFY": url(room)}
    david.write("a.mp4", "a")
    room.answer = 500
    assert "was not sent" in david.ok("up", env=there).err
    room.answer = 200
    room.got.clear()
    david.write("b.mp4", "b")
    david.ok("up", env={"S3SYNC_NOTIFY": f"json://127.0.0.1:{room.port}/another"})
    assert "a.mp4" not in room.text, "it waits for its own address"
    room.got.clear()
    for words in (("inbox",), ("status",), ()):
        assert david.ok(*words, env=there).err == "" and room.got == [], "who only looks does not wait for it again"
    david.ok("lock", "b.mp4", env=there)
    (got,) = room.got
    assert (
        "a.mp4" in got["message"]
        and "david locked 1 file" in got["message"]
        and "uploaded 1 file (1 B): b" not in room.text
    )
    assert david.ok("notify", "--json", env=there).json["waiting"] == 0


class Now:
    """A clock of the test."""

    def __init__(self) -> None:
        self.at = 1_700_000_000.0

    def __call__(self) -> float:
        return self.at


def texts(found: waiting.Batch | None) -> list[str]:
    assert found is not None
    return [line.text for line in found.lines]


def test_of_what_waits_one_process_sends_all_and_forgets_what_was_taken(tmp_path: Path) -> None:
    now, environ = Now(), {"XDG_DATA_HOME": str(tmp_path)}
    kept = Waiting(environ, ["json://a", "json://b"], now)
    assert kept.take(has_new=True) is None and not list(tmp_path.iterdir())
    for number in range(3):
        assert kept.add([Line("r/p", f"{number}")])
    first = kept.take(has_new=True)
    assert texts(first) == ["0", "1", "2"]
    again = Waiting(environ, ["json://b", "json://a"], now)
    assert again.take(has_new=True) is None, "another process is at it"
    assert again.add([Line("r/p", "3")]) and again.count() == 4
    assert first is not None
    first.done(False)
    second = again.take(has_new=True)
    assert texts(second) == ["0", "1", "2", "3"], "nobody took it: it waits"
    assert second is not None
    second.done(True)
    assert again.count() == 0 and Waiting(environ, ["json://c"], now).count() == 0


def test_so_many_messages_within_a_window_and_what_is_old_says_so(tmp_path: Path) -> None:
    now, environ = Now(), {"XDG_DATA_HOME": str(tmp_path)}
    kept = Waiting(environ, ["json://a"], now)
    for number in range(BURST):
        kept.add([Line("r/p", f"{number}")])
        batch = kept.take(has_new=True)
        assert texts(batch) == [f"{number}"] and batch is not None
        batch.done(True)
    kept.add([Line("r/p", "later")])
    assert kept.take(has_new=True) is None
    now.at += WINDOW_S
    batch = kept.take(has_new=False)
    assert texts(batch) == ["later"] and batch is not None
    batch.done(False)
    assert kept.take(has_new=False) is None
    now.at += max(OLD_S, AGAIN_S)
    assert texts(kept.take(has_new=True)) == ["later (2023-11-14 22:13:20 UTC)"]


def test_the_files_that_wait_are_bounded_and_damaged_ones_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST", 5)
    kept = Waiting({"XDG_DATA_HOME": str(tmp_path)}, ["json://a"], Now())
    for number in range(8):
        kept.add([Line("r/p", f"{number} {line}") for line in range(30)])
    assert kept.count() == 5
    newest = sorted(tmp_path.rglob("*.json"))[-1]
    newest.write_bytes(b"\xff[[[[")
    batch = kept.take(has_new=True)
    assert batch is not None
    assert (batch.lines[0].text, len(batch.lines), batch.more) == ("3 0", 80, 40)


def test_a_watch_sends_what_others_left(room: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    found = load_settings(tmp_path, flags={}, environ={**os.environ, "S3SYNC_NOTIFY": url(room)})
    Waiting(os.environ, found.notify).add([Line("r/p", "left by another command")])
    digest = Digest(found, first_s=0.01, every_s=0.01)
    try:
        until(lambda: bool(room.got))
    finally:
        digest.close()
    assert [one["message"] for one in room.got] == ["left by another command"]


def until(reached: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < give_up, "it never happened"
        time.sleep(0.02)


def test_where_nothing_can_be_kept_each_sends_its_own(
    room: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    found = load_settings(tmp_path, flags={}, environ={**os.environ, "S3SYNC_NOTIFY": url(room)})
    for number in range(BURST + 2):
        sending = notices.begin(found, [moved("up", "uploaded", "jan", ("r", "p"), [(f"{number}.mp4", 1)])])
        assert sending is not None
        notices.warn_of_failures(sending)
    assert len(room.got) == BURST + 2


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("json://user:p%40ss%2Fword9@host/x", "login with p@ss/word9 failed"),
        ("json://user:p%40ss%2Fword9@host/x", "login with P%40SS%2FWORD9 failed"),
        ("json://host/a+b+token", "no such path: /a b token"),
        ("json://host/?key=caf%C3%A9secret", "key café" + "secret is wrong"),
        ("json://host/zwölf-schlüssel", "url /zw%C3%B6lf-schl%C3%BCssel not found"),
    ],
)
def test_no_way_to_write_a_part_of_the_address_reaches_the_screen(address: str, said: str) -> None:
    """Libraries take an address apart, and repeat its parts as they stand for, or as they write them themselves."""
    told = send._without(said, address)
    assert MASK in told and not any(part in told.casefold() for part in ("p@ss", "p%40", "b token", "secret", "schl"))


def test_a_watch_sends_digests(room: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
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


def test_f42_an_address_that_drips_is_not_waited_for() -> None:
    """Each byte ended a wait of the library: the time for all addresses together is ours."""

    def drops(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    with wire(drops) as server:
        address = server.url.replace("http", "json")
        (sent,) = Sending([address], "title", "body", manner=Manner(patience_s=0.5)).finish()
    assert sent.why is not None and sent.why.startswith("no answer within")

"""The scripts for cron and CI: a chat and a mailbox hear what waits, once, and no name does anything there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from email import message_from_string, policy
from pathlib import Path

import pytest

from s3sync.core import notices
from tests.kit.people import PROJECT, Person, pair
from tests.kit.receiver import chat, mail

SCRIPTS = Path(__file__).parents[3] / "scripts"
NAME = "<!channel> @everyone *x* [a](b).mp4"
SECRET = "T000-hunter2geheim"


@pytest.fixture
def jan(tmp_path: Path) -> Person:
    """Jan, for whom a file of David's waits."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write(NAME, b"x" * 4560)
    david.ok("up")
    program = tmp_path / "s3sync"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m s3sync "$@"\n')
    program.chmod(0o755)
    return jan


def notify(jan: Person, kind: str, *words: str, code: int = 0, **environ: str) -> str:
    """What the script says on either stream."""
    env: Mapping[str, str] = {**jan.env(), "S3SYNC": str(jan.root.parent / "s3sync"), **environ}
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / f"notify-{kind}"), *words],
        cwd=jan.repo, env=dict(env), capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_slack_hears_it_once_and_again_when_something_changed(jan: Person) -> None:
    with chat() as room:
        hook = f"http://127.0.0.1:{room.port}/{SECRET}"
        room.answer = 500
        said = notify(jan, "slack", code=1, SLACK_WEBHOOK=hook)
        assert said == "notify-slack: the webhook answered 500\n"
        room.answer, room.got[:] = 200, []
        notify(jan, "slack", SLACK_WEBHOOK=hook)
        notify(jan, "slack", SLACK_WEBHOOK=hook)
        (got,) = room.got
        assert f"{PROJECT}: 1 file to download (4.6 KB, by david): &lt;!channel&gt; @everyone" in got["text"]
        assert "<" not in got["text"]
        notify(jan, "slack", "--always", SLACK_WEBHOOK=hook)
        assert len(room.got) == 2
    assert SECRET not in notify(jan, "slack", "--always", code=1, SLACK_WEBHOOK=hook)


def test_the_inbox_is_told_once_and_stays_for_its_owner(jan: Person) -> None:
    jan.ok("down")
    with chat() as room:
        hook = f"http://127.0.0.1:{room.port}/{SECRET}"
        notify(jan, "slack", SLACK_WEBHOOK=hook)
        notify(jan, "slack", SLACK_WEBHOOK=hook)
        (got,) = room.got
    assert f"{PROJECT}: david uploaded 1 file at 20" in got["text"] and "&lt;!channel&gt;" in got["text"]
    assert [event["by"] for event in jan.ok("inbox", "--json").json["events"]] == ["david"]


@pytest.mark.parametrize("kind", ["slack", "discord", "mail"])
def test_nothing_of_an_event_begins_a_line_or_is_obeyed(jan: Person, kind: str) -> None:
    """Whoever may write metadata.json may put anything into each of its fields."""
    jan.ok("down")
    (found,) = jan.root.parent.glob("store/**/metadata.json")
    document = json.loads(found.read_text())
    odd = "x\n<!here>\u2028 https://x.y/@everyone *b*"
    (event,) = [one for one in document["events"] if one["by"] == "david"]
    event |= {"id": odd, "at": odd, "by": odd, "verb": odd, "note": odd, "counts": {odd: 1}}
    event["files"] = [{"name": odd, "did": odd, "was_by": odd}]
    found.write_text(json.dumps(document))
    (line,) = notify(jan, kind, "--dry-run").splitlines()
    assert line.count("here") == 4 and "://" not in line
    if kind != "mail":
        assert ("<" not in line) if kind == "slack" else (line.count("\\<") == line.count("<") == 4)


@pytest.mark.parametrize("kind", ["slack", "discord", "mail"])
def test_no_name_is_an_address_in_a_chat_or_a_mail(jan: Person, kind: str) -> None:
    """Chats and mail programs make links of bare hosts: as in notices, their dots only look like some."""
    (found,) = jan.root.parent.glob("store/**/metadata.json")
    document = json.loads(found.read_text())
    (file,) = document["files"]
    long = f"{'x' * 108}docs.evil.example"
    names = ("login.evil.example/reset", "cut.mp4", "www.evil.mov", long)
    document["files"] += [{**file, "name": name, "uploaded_by": "sso.evil.example"} for name in names]
    found.write_text(json.dumps(document))
    for name in names:
        found.parent.joinpath(name).parent.mkdir(exist_ok=True)
        found.parent.joinpath(name).write_bytes(b"x" * 4560)
    (line, *_) = notify(jan, kind, "--dry-run").splitlines()
    assert "sso․evil․example" in line and "login․evil․example/reset" in line and "www․evil․mov" in line
    assert "evil." not in line and ".evil" not in line and ".example" not in line
    assert "cut.mp4" in line and "xdocs․e" in line


def test_the_scripts_know_the_endings_of_files_as_notices_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(os.fspath(SCRIPTS))
    from noticelib import ENDINGS, plain, unlinked  # type: ignore[import-not-found]

    assert ENDINGS == notices._ENDINGS
    for text in ("evil.com", "go to evil.co.uk now.mp4", "evil.mov/x.mp4", "https:/evil.example/x", "v1.2", "(a.com)."):
        assert unlinked(plain(text)) == notices.unlinked(text)


def test_discord_mentions_nobody(jan: Person) -> None:
    with chat() as room:
        notify(jan, "discord", DISCORD_WEBHOOK=f"http://127.0.0.1:{room.port}/{SECRET}")
        (got,) = room.got
    assert got["allowed_mentions"] == {"parse": []}
    assert r"\<!channel\> \@everyone \*x\* \[a\]\(b\).mp4" in got["content"]


def test_a_mail_arrives(jan: Person) -> None:
    with mail() as box:
        notify(jan, "mail", MAIL_TO="team@example.com", SMTP_HOST="127.0.0.1", SMTP_PORT=str(box.port))
        (text,), to = box.got, box.to
    found = message_from_string(text, policy=policy.default)
    assert to == ["team@example.com"] and found["Subject"] == "s3sync: what waits"
    assert NAME in found.get_content()


def test_what_cannot_work_is_said_in_a_line(jan: Person) -> None:
    assert notify(jan, "slack", code=1) == "notify-slack: SLACK_WEBHOOK is not set\n"
    assert "was not found" in notify(jan, "slack", code=1, S3SYNC=os.fspath(jan.root / "none"))
    broken = jan.repo / ".s3sync.yaml"
    broken.write_text("staging: /etc\n")
    assert "is not valid" in notify(jan, "mail", code=1, MAIL_TO="x@y")


@pytest.mark.skipif(os.name != "posix", reason="scripts with #!")
@pytest.mark.parametrize(
    ("named", "first"), [("s3sync", "."), ("s3sync", ""), ("./s3sync", "/bin"), ("bin/s3sync", "/bin")]
)
def test_no_s3sync_of_the_repository_is_asked(jan: Person, named: str, first: str, tmp_path: Path) -> None:
    """The scripts run in a clone, and what it brought is not the program."""
    trace = tmp_path / "trace"
    for name in ("s3sync", "bin/s3sync"):
        (jan.repo / name).parent.mkdir(exist_ok=True)
        (jan.repo / name).write_text(f"#!/bin/sh\ntouch {trace}\necho '{{}}'\n")
        (jan.repo / name).chmod(0o755)
    said = notify(jan, "slack", "--dry-run", code=1, S3SYNC=named, PATH=f"{first}:/nowhere")
    assert "was not found: set S3SYNC" in said and not trace.exists()


@pytest.mark.parametrize(("variable", "named"), [("SSL_CERT_FILE", "ca.pem"), ("SSL_CERT_DIR", "/etc/ssl/certs:certs")])
def test_no_file_of_the_repository_vouches_for_a_chat(variable: str, named: str, tmp_path: Path) -> None:
    env = {**os.environ, "SLACK_WEBHOOK": "https://127.0.0.1:9/x", "S3SYNC": "/bin/false", variable: named}
    words = [sys.executable, str(SCRIPTS / "notify-slack")]
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 1 and f"{variable} names" in done.stderr and "write the whole path" in done.stderr

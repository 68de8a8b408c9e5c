"""`archive auto install`: timers that systemd takes, agents for launchd, lines of a crontab beside those of others."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.crontab import real_crontab
from tests.kit.people import Person
from tests.scenarios.archive.conftest import own_settings, put
from tests.scenarios.archive.test_auto import SSD
from tests.scenarios.team.test_watch_service import ANALYZE, values, verified, words

MAIL = ("--email", "jan@example.com")


@pytest.fixture
def david(tmp_path: Path) -> Person:
    person = Person("david", tmp_path / "david's 100% $HOME", {"AWS_SECRET_ACCESS_KEY": "s3cr3t"})
    (tmp_path / "T7").mkdir()
    own_settings(person, SSD.format(root=tmp_path, source=tmp_path / "video"))
    put(tmp_path / "video", "b40/a.mp4")
    return person


def auto(david: Person, *more: str, code: int = 0, **env: str) -> str:
    return david.expect(code, "archive", "auto", *more, cwd=david.repo, env=env).out


def units(david: Person) -> list[Path]:
    return sorted((david.root / "home/.config/systemd/user").glob("s3sync-*"))


@pytest.mark.skipif(ANALYZE is None, reason="there is no systemd")
def test_systemd_takes_the_timers_and_their_tasks_run(david: Person, tmp_path: Path) -> None:
    chosen = ("--at", "02:30", "--until", "06:00", "--budget", "10", "--bwlimit", "10M", *MAIL)
    said = auto(david, "install", "--with", "systemd", *chosen)
    assert "systemctl --user enable --now s3sync-auto-" in said and "each day at 02:30: s3sync archive auto --" in said
    assert "each day at 04:30: s3sync archive verify --sample 2%" in said and "s3sync cost --month last --email" in said
    assert [path.name.split("-")[1] + path.suffix for path in units(david)] == [
        f"{kind}{end}" for kind in ("auto", "cost", "poll", "verify") for end in (".service", ".timer")
    ]
    assert "s3cr3t" not in "".join(path.read_text() for path in units(david))
    for path in units(david):
        done = verified(path, tmp_path)
        assert (done.returncode, path.name in done.stderr) == (0, False), done.stderr
    times = {path.name.split("-")[1]: values(path.read_text())["OnCalendar"] for path in units(david)[1::2]}
    assert times == {
        "auto": "*-*-* 02:30:00", "cost": "*-*-01 08:30:00", "poll": "*-*-* *:47:00", "verify": "*-*-* 04:30:00",
    }  # fmt: skip
    for calendar in times.values():
        subprocess.run([str(ANALYZE), "calendar", calendar], check=True, capture_output=True)
    # what they say starts, in the environment of a service
    service = values(units(david)[0].read_text())
    command = words(service["ExecStart"])
    assert command[1:6] == ["archive", "auto", "--until=06:00", "--budget=10.0", "--bwlimit=10M"]
    assert command[6:8] == ["--user=david", "--log-file"]
    ran = subprocess.run(
        [word for word in command if not word.startswith("--until")], cwd=service["WorkingDirectory"], check=False,
        env={"HOME": str(david.root / "home"), "PATH": "/usr/bin:/bin", "S3SYNC_TRUST": "1"}, capture_output=True,
    )  # fmt: skip
    assert ran.returncode == 0 and (tmp_path / "T7/projects/b40/a.mp4").exists(), ran
    assert "moved 1 unit" in Path(command[-1]).read_text()
    for path in units(david)[::2]:
        task = words(values(path.read_text())["ExecStart"])
        subprocess.run([*task, "--help"], check=True, capture_output=True, env=david.env())
    shown = auto(david, "status")
    assert "installed with systemd, and not started" in shown and " 02:30" in shown and "moved 1 unit" in shown


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="there is no systemd")
def test_uninstall_removes_what_was_written_and_nothing_else(david: Person) -> None:
    folder = david.root / "home/.config/systemd/user"
    put(folder, "mine.timer", b"[Timer]\n")
    auto(david, "install", *MAIL)
    first = {path: path.read_text() for path in units(david)}
    assert len(first) == 8 and "Everything is there already" in auto(david, "install", *MAIL)
    assert "would be removed" in auto(david, "install", "--dry-run") and len(units(david)) == 8
    auto(david, "install")
    assert len(units(david)) == 6, "without an address there is no mail"
    shown = auto(david, "status")
    assert "s3sync-verify-" in shown and "s3sync-cost-" not in shown, "systemctl refuses all where one is not there"
    wants = folder / "timers.target.wants"
    wants.mkdir()
    for path in [*units(david), folder / "mine.timer"]:  # as `systemctl enable` does
        if path.suffix == ".timer":
            (wants / path.name).symlink_to(path)
    assert "not started" not in auto(david, "status")
    assert "would be removed" in auto(david, "uninstall", "--dry-run") and len(units(david)) == 6
    ended = auto(david, "uninstall")
    assert "systemctl --user stop s3sync-auto-" in ended and "s3sync-cost-" not in ended
    assert [path.name for path in folder.rglob("*") if not path.is_dir()] == ["mine.timer", "mine.timer"]
    assert "Nothing is installed" in auto(david, "uninstall")
    assert "not installed" in auto(david, "status")
    put(folder, next(iter(first)).name, b"[Service]\n")
    told = david.expect(1, "archive", "auto", "install", cwd=david.repo)
    assert "not written by s3sync" in told.err


def test_lines_of_a_crontab_stand_beside_those_of_others(david: Person, tmp_path: Path) -> None:
    others = b"# mine \xff\n5 4 31 2 * /opt/backup --quiet 2>&1 \\% x \xff\n"
    with real_crontab() as table:
        auto(david, "install", "--with", "cron")
        assert len(table.more.splitlines()) == 5
        auto(david, "uninstall", "--with", "cron")
        assert table.read() == (table.own or b"")
        table.write((table.own or b"") + others)
        shown = auto(david, "install", "--with", "cron", "--dry-run")
        assert "0 3 * * * cd " in shown and table.more == others
        auto(david, "install", "--with", "cron", "--at", "01:15", *MAIL)
        text = table.more
        assert text.startswith(others) and text.count(b"\n") == others.count(b"\n") + 6
        table.write((table.own or b"") + text + others)
        assert "installed with cron" in auto(david, "status", "--with", "cron")
        assert " 01:15" in auto(david, "status", "--with", "cron")
        auto(david, "uninstall")
        assert table.more == others + others
    night = next(line for line in text.decode("utf-8", "replace").splitlines() if " archive auto -" in line)
    command = night.split(" ", 5)[5]
    env = {"HOME": str(david.root / "home"), "PATH": "/usr/bin:/bin", "S3SYNC_TRUST": "1"}
    for taken in (command.replace("\\%", "%"), command):  # as Vixie's cron takes it, and as busybox does
        subprocess.run(["/bin/sh", "-c", taken], env=env, check=True, capture_output=True)
    assert (tmp_path / "T7/projects/b40/a.mp4").exists()


def test_a_folder_whose_name_is_no_utf8_has_lines_that_can_be_pasted_and_no_units(tmp_path: Path) -> None:
    """The shell of cron goes there, by the line as it was shown."""
    odd = Person("odd", tmp_path / os.fsdecode(b"caf\xe9 \xff'7 %"), {})
    own_settings(odd, SSD.format(root=tmp_path, source=tmp_path / "video"))
    shown = auto(odd, "install", "--with", "cron", "--dry-run", "--log-file", str(tmp_path / "all.log"))
    (night,) = [line for line in shown.splitlines() if line.startswith("0 3 * * * cd ")]
    assert night.isascii() and "%" not in night
    goes = night.split(" ", 5)[5].partition(" && ")[0]
    there = subprocess.run(["/bin/sh", "-c", f"{goes} && pwd -P"], capture_output=True, check=True).stdout
    assert there.rstrip(b"\n") in (os.fsencode(odd.repo.resolve()), os.fsencode(odd.root / "home"))
    for name in ("systemd", "launchd"):
        refused = odd.expect(1, "archive", "auto", "install", "--with", name, cwd=odd.repo)
        assert "is not UTF-8" in refused.err and "--with cron" in refused.err


def test_a_crontab_that_this_user_may_not_have_hides_no_timers(david: Person, tmp_path: Path) -> None:
    """As cron says it to whom cron.allow or cron.deny keeps away."""
    put(
        tmp_path,
        "bin/crontab",
        b"#!/bin/sh\necho 'You (david) are not allowed to use this program (crontab)' >&2\nexit 1\n",
    )
    (tmp_path / "bin/crontab").chmod(0o755)
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    david.ok("archive", "auto", "install", "--with", "systemd", cwd=david.repo, env=env)
    shown = david.ok("archive", "auto", "status", cwd=david.repo, env=env)
    assert "installed with systemd" in shown.out and "not allowed to use this program" in shown.err
    david.ok("archive", "auto", "uninstall", cwd=david.repo, env=env)
    assert "installed with systemd" not in david.ok("archive", "auto", "status", cwd=david.repo, env=env).out
    named = david.expect(1, "archive", "auto", "status", "--with", "cron", cwd=david.repo, env=env)
    assert "cannot read your crontab" in named.err


def test_an_agent_of_launchd_says_when_and_what(david: Person) -> None:
    auto(david, "install", "--with", "launchd", "--at", "22:00", "--log-file", str(david.root / "all.log"))
    folder = david.root / "home/Library/LaunchAgents"
    found = {path.name.split("-")[1]: plistlib.loads(path.read_bytes()) for path in folder.iterdir()}
    assert found["auto"]["StartCalendarInterval"] == {"Hour": 22, "Minute": 0}
    assert found["poll"]["StartCalendarInterval"] == {"Minute": 17}
    assert {one["ProgramArguments"][-1] for one in found.values()} == {str(david.root / "all.log")}
    assert {one["WorkingDirectory"] for one in found.values()} == {str(david.repo)}
    assert " 22:00" in auto(david, "status", "--with", "launchd")
    auto(david, "uninstall", "--with", "launchd")
    assert not list(folder.iterdir())


def test_a_mail_that_no_server_would_take_each_month_is_told_at_once(david: Person, tmp_path: Path) -> None:
    def told(**env: str) -> str:
        return david.expect(0, "archive", "auto", "install", "--dry-run", *MAIL, cwd=david.repo, env=env).err

    mail = "mailto://127.0.0.1:25?from=costs@example.com"
    assert "no mail will be sent: no mail server is known" in told()
    assert "set for this shell alone" in told(S3SYNC_NOTIFY=mail)
    own_settings(david, SSD.format(root=tmp_path, source=tmp_path / "video") + f"notify: ['{mail}']\n")
    assert "mail" not in told()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("install", "--at", "25:00"), "no time of the day for --at"),
        (("install", "--email", "nobody"), "no address for --email"),
        (("install", "--clock-is-right"), "belongs to one run"),
        (("install", "--ssd-after", "soon"), "no duration for --ssd-after"),
        (("--s3-after", "30", "--dry-run"), "'30' has no unit for --s3-after"),
        (("unistall",), "did you mean `s3sync archive auto uninstall`?"),
        (("b40-old",), "'b40-old' is not one of 'run', 'install', 'uninstall', 'status'"),
        (("install", "--set", "nosuch"), "no archive set 'nosuch'"),
        (("install", "--cold", "STANDARD"), "no cold class"),
        (("--at", "03:00"), "belongs to `archive auto install`"),
        (("--with", "cron"), "--with belongs to"),
        (("status", "--budget", "3"), "--budget belongs to"),
        (("--set", "nosuch"), "no archive set 'nosuch'"),
    ],
)
def test_words_that_do_not_fit_are_said(david: Person, words: tuple[str, ...], said: str) -> None:
    assert said in david.expect(2, "archive", "auto", *words, cwd=david.repo).err
    assert not units(david)

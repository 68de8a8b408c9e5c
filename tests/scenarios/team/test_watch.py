"""A watch on real folders: what it sends and fetches, what it waits for, and that it asks little.

Time is a clock of the test: it stands still while the watch works, and goes on when it waits. What happens meanwhile
is done by the test in the waits.
"""

from __future__ import annotations

import json
import os
import plistlib
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from s3sync.api import Project
from s3sync.cli.commands.watch import starting
from s3sync.errors import CredentialsError, DiskFull, LockHeld, S3syncError
from s3sync.sync.select import Exactly
from s3sync.sync.session import Session
from s3sync.team.watching import looks, watcher
from s3sync.team.watching.exchange import Exchange
from s3sync.team.watching.service import MARK, Job, service_of
from s3sync.team.watching.told import Back, Deleted, Gone, Left, Ran, Told, Trouble, Waiting, Works
from s3sync.team.watching.wakes import PROBE, Events, RealClock
from s3sync.team.watching.watcher import Watcher
from tests.kit.people import PROJECT, Person, pair
from tests.kit.proxy import Proxy
from tests.kit.receiver import Chat, chat
from tests.kit.servers import SeaweedFS

T = TypeVar("T")
PATIENCE_S = 60.0
HOUR_S = 3600.0


class Enough(Exception):
    """The test has seen enough."""


class Moments:
    """A clock that does what is due at a time when that time comes. Ends the watch at the end."""

    def __init__(self, end: float, sleeps: dict[float, float] | None = None) -> None:
        self._now, self._end, self._slept = 1000.0, 1000.0 + end, 0.0
        self._due: list[tuple[float, Callable[[], object]]] = []
        self._sleeps = sleeps or {}

    def at(self, seconds: float, *acts: Callable[[], object]) -> None:
        self._due += ((1000.0 + seconds, act) for act in acts)
        self._due.sort(key=lambda due: due[0])

    def sleep(self, seconds: float) -> None:
        """The computer sleeps: only the clock on the wall goes on."""
        self._slept += seconds

    def spend(self, seconds: float) -> None:
        """Something at work takes so long."""
        self._now += seconds

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._now + self._slept

    def wait(self, seconds: float) -> bool:
        assert seconds > 0
        until = self._now + seconds
        while self._due and self._due[0][0] <= until:
            self._now, act = max(self._now, self._due[0][0]), self._due.pop(0)[1]
            act()
        self._now = until
        if self._now >= self._end:
            raise Enough
        return False

    def wake(self) -> None:
        raise AssertionError("nobody else runs")


class Silence(Events):
    """A folder from which no events come: the watch looks by itself."""

    def start(self) -> None:
        pass


def session_of(person: Person, **flags: str) -> Session:
    environ = {**os.environ, **person.env(), "XDG_CONFIG_HOME": str(person.root / "home" / ".config")}
    return Project.open(path=person.project, environ=environ, flags=flags).session


def watch(
    person: Person,
    clock: Moments,
    *,
    down: bool = False,
    opens: Callable[[], Session] | None = None,
    tell: Callable[[Told], None] = lambda one: None,
) -> list[Told]:
    """Watch until the clock ends it; returns what was told."""
    told: list[Told] = []

    def note(one: Told) -> None:
        told.append(one)
        tell(one)

    with pytest.raises(Enough):
        Watcher(opens or (lambda: session_of(person)), note, down=down, clock=clock, events=Silence).run()
    return told[1:]


def of(told: list[Told], kind: type[T]) -> list[T]:
    return [one for one in told if isinstance(one, kind)]


def names(told: list[Told]) -> list[str]:
    """Names that were uploaded or downloaded, in order."""
    return [item.name for ran in of(told, Ran) for item in (*ran.report.uploaded, *ran.report.downloaded)]


@pytest.fixture
def both(tmp_path: Path) -> tuple[Person, Person]:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


def test_what_is_finished_is_uploaded_once(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("before.txt", "there when it began")
    clock = Moments(60)
    clock.at(10, lambda: david.write("draft.mp4", b"a" * 5000))
    clock.at(30, lambda: david.write("draft.mp4", b"b" * 6000))
    assert names(watch(david, clock)) == ["before.txt", "draft.mp4", "draft.mp4"]
    jan.ok("down")
    assert jan.files() == david.files()
    assert names(watch(david, Moments(60))) == []


def test_many_files_are_sent_a_part_at_a_time(both: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "MOST_AT_ONCE", 3)
    david, _ = both
    for number in range(8):
        david.write(f"{number}.txt", str(number))
    told = watch(david, Moments(60))
    assert [len(ran.report.uploaded) for ran in of(told, Ran)] == [3, 3, 2]


def test_a_file_that_is_written_slowly_waits_until_it_is_finished(both: tuple[Person, Person]) -> None:
    david, _ = both
    sent_at: dict[str, float] = {}
    clock = Moments(120)
    path = david.write("slow.mov", b"")
    for second in range(1, 40):
        clock.at(second, lambda: path.write_bytes(path.read_bytes() + b"x" * 1000))
    clock.at(5, lambda: david.write("quick.txt", "done at once"))

    def tell(told: Told) -> None:
        if isinstance(told, Ran):
            sent_at.update({item.name: clock.now() for item in told.report.uploaded})

    assert names(watch(david, clock, tell=tell)) == ["quick.txt", "slow.mov"]
    assert sent_at["quick.txt"] < 1039 < 1041 <= sent_at["slow.mov"]
    assert (david.staging / "slow.mov").stat().st_size == 39_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")
def test_a_file_that_is_open_for_writing_is_not_finished_however_quiet_it_is(both: tuple[Person, Person]) -> None:
    david, _ = both
    clock = Moments(2000)
    with open(david.write("render.mov", b"first half"), "ab") as file:
        clock.at(1800, lambda: file.write(b", second half"), lambda: file.close())
        told = watch(david, clock)
    assert [problem.error for left in of(told, Left) for problem in left.problems] == [
        "a program has it open for writing"
    ]
    (ran,) = of(told, Ran)
    assert [item.size_bytes for item in ran.report.uploaded] == [len(b"first half, second half")]


def test_two_who_watch_exchange_files_and_what_was_deleted_stays_deleted_here(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("draft.mp4", "draft")
    clock = Moments(400)
    clock.at(20, lambda: david.write("audio.wav", "audio"), lambda: david.ok("up"))
    clock.at(60, (jan.staging / "draft.mp4").unlink)
    clock.at(80, lambda: david.write("last.txt", "last"), lambda: david.ok("up"))
    david.ok("up")
    told = watch(jan, clock, down=True)
    assert names(told) == ["draft.mp4", "audio.wav", "last.txt"]
    assert sorted(jan.files()) == ["audio.wav", "last.txt"]
    assert Deleted(here=1, there=0) in told
    assert sorted(david.files()) == ["audio.wav", "draft.mp4", "last.txt"]


def test_without_down_it_says_what_waits_once_and_fetches_nothing(both: tuple[Person, Person]) -> None:
    david, jan = both
    clock = Moments(600)
    clock.at(20, lambda: david.write("audio.wav", "audio"), lambda: david.ok("up"))
    told = watch(jan, clock)
    (waiting,) = of(told, Waiting)
    assert (waiting.waits.files, waiting.waits.by) == (1, {"david": 1})
    assert jan.files() == {} and len(told) == 1


def test_what_another_tool_put_there_is_found(both: tuple[Person, Person], tmp_path: Path) -> None:
    _, jan = both
    place = tmp_path / "store" / "v-appydave" / PROJECT
    clock = Moments(300)
    clock.at(20, lambda: place.mkdir(parents=True, exist_ok=True), lambda: (place / "by-hand.mov").write_bytes(b"film"))
    assert names(watch(jan, clock, down=True)) == ["by-hand.mov"]
    assert jan.read("by-hand.mov") == b"film"


def test_a_folder_that_vanishes_is_waited_for_and_nothing_counts_as_deleted(both: tuple[Person, Person]) -> None:
    david, jan = both
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        david.write(name, name)
    away = david.project / "on another branch"
    clock = Moments(600)
    clock.at(30, lambda: david.staging.rename(away))
    clock.at(300, lambda: away.rename(david.staging))
    clock.at(400, lambda: david.write("d.mp4", "new"))
    told = watch(david, clock, down=True)
    assert [type(one) for one in told] == [Ran, Gone, Back, Ran]
    assert names(told) == ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]
    jan.ok("down")
    assert sorted(jan.files()) == ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]


@pytest.mark.parametrize("linked", ["the project", "the staging folder"])
def test_a_branch_with_a_link_in_the_place_of_the_folder_sends_nothing_of_elsewhere(
    both: tuple[Person, Person], linked: str, tmp_path: Path
) -> None:
    """The folder was looked at when the watch began. Whoever commits decides what stands there an hour later."""
    david, jan = both
    david.write("a.mp4", "a")
    path = david.project if linked == "the project" else david.staging
    away, secret = david.repo / "aside", tmp_path / "private"
    (secret / "s3-staging").mkdir(parents=True)
    for folder in (secret, secret / "s3-staging"):
        (folder / "salaries.ods").write_text("salaries")

    def switch() -> None:
        path.rename(away)
        path.symlink_to(secret)

    def back() -> None:
        path.unlink()
        away.rename(path)

    clock = Moments(600)
    clock.at(60, switch)
    clock.at(300, back)
    clock.at(400, lambda: david.write("b.mp4", "b"))
    told = watch(david, clock)
    assert names(told) == ["a.mp4", "b.mp4"]
    assert [type(one) for one in told] == [Ran, Trouble, Back, Ran]
    assert sorted(str(one.relative_to(secret)) for one in secret.rglob("*")) == [
        "s3-staging", "s3-staging/salaries.ods", "salaries.ods",
    ]  # fmt: skip
    jan.ok("down")
    assert sorted(jan.files()) == ["a.mp4", "b.mp4"]


def test_an_emptied_folder_deletes_and_fetches_nothing(both: tuple[Person, Person]) -> None:
    david, jan = both
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        david.write(name, name)
    clock = Moments(300)
    clock.at(60, *((david.staging / name).unlink for name in ("a.mp4", "b.mp4", "c.mp4")))
    told = watch(david, clock, down=True)
    assert Deleted(here=3, there=0) in told and david.files() == {}
    jan.ok("down")
    assert len(jan.files()) == 3


class Failing:
    """A project that cannot be opened, or worked with, while `error` is set."""

    def __init__(self, person: Person) -> None:
        self.person, self.opened = person, 0
        self.error: Exception | None = None

    def __call__(self) -> Session:
        self.opened += 1
        if self.error is not None:
            raise self.error
        return session_of(self.person)

    def fail(self, error: Exception | None) -> None:
        self.error = error


def test_a_trouble_is_told_once_and_ends_by_itself(both: tuple[Person, Person], tmp_path: Path) -> None:
    david, jan = both
    store, away = tmp_path / "store", tmp_path / "unplugged"
    jan.write("from-jan.txt", "x")
    jan.ok("up")
    clock = Moments(900)
    opens = Failing(david)
    clock.at(10, lambda: store.rename(away))
    clock.at(20, lambda: david.write("meanwhile.txt", "made without the store"))
    clock.at(100, lambda: opens.fail(CredentialsError("the session has expired", hint="run `aws sso login`")))
    clock.at(400, lambda: away.rename(store), lambda: opens.fail(None))
    told = watch(david, clock, opens=opens, down=True)
    kinds = [type(one) for one in told]
    assert kinds == [Ran, Trouble, Trouble, Ran, Works], told
    assert str(of(told, Trouble)[1].error) == "the session has expired"
    assert names(told) == ["from-jan.txt", "meanwhile.txt"]
    assert opens.opened < 30


def test_a_full_disk_is_told_and_the_rest_comes_when_there_is_room(
    both: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    david, jan = both
    david.write("film.mov", "film")
    david.ok("up")
    fetch, full = Exchange.fetch, [True]

    def no_room(exchange: Exchange) -> Any:
        if full[0]:
            raise DiskFull("cannot write film.mov", why="no space left")
        return fetch(exchange)

    monkeypatch.setattr(Exchange, "fetch", no_room)
    clock = Moments(300)
    clock.at(150, full.clear)
    clock.at(150, lambda: full.append(False))
    told = watch(jan, clock, down=True)
    assert [type(one) for one in told] == [Trouble, Ran, Works]
    assert jan.read("film.mov") == b"film"


def test_a_conflict_and_what_cannot_be_sent_are_told_once_and_left(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("cut.mp4", "one")
    david.ok("up")
    jan.ok("down")
    david.write("cut.mp4", "two of david")
    david.ok("up")
    jan.write("cut.mp4", "two of jan")
    (jan.staging / "link").symlink_to(jan.repo)
    told = watch(jan, Moments(900), down=True)
    assert [conflict.name for ran in of(told, Ran) for conflict in ran.conflicts] == ["cut.mp4"]
    assert [problem.path for left in of(told, Left) for problem in left.problems] == ["link"]
    assert jan.read("cut.mp4") == b"two of jan" and david.read("cut.mp4") == b"two of david"


def test_what_another_has_locked_is_sent_when_the_lock_is_gone(both: tuple[Person, Person]) -> None:
    david, jan = both
    david.write("color.mp4", "ungraded")
    david.ok("up")
    jan.ok("down")
    david.ok("lock", "color.mp4")
    jan.write("color.mp4", "graded")
    clock = Moments(900)
    clock.at(300, lambda: david.ok("unlock", "color.mp4"))
    told = watch(jan, clock)
    assert [len(ran.locked) for ran in of(told, Ran)] == [1, 0]
    assert names(told) == ["color.mp4"]


def test_after_sleep_it_asks_often_again(both: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "IDLE_FOLDER_S", 60.0)
    david, jan = both
    clock = Moments(1700)
    told_at: list[float] = []
    clock.at(1500, lambda: clock.sleep(8 * HOUR_S))
    clock.at(1575, lambda: david.write("morning.txt", "x"), lambda: david.ok("up"))
    assert names(watch(jan, clock, down=True, tell=lambda told: told_at.append(clock.now()))) == ["morning.txt"]
    assert told_at[-1] - 2575 <= 5  # once a minute otherwise


def test_one_watch_for_each_project(both: tuple[Person, Person]) -> None:
    david, _ = both
    clock = Moments(30)

    def second() -> None:
        with pytest.raises(LockHeld, match="another `s3sync watch`"):
            Watcher(lambda: session_of(david), lambda told: None, clock=Moments(1), events=Silence).run()
        assert "process" in david.ok("watch", "status", "--json").json["running"]
        david.ok("up")  # another command may work meanwhile

    clock.at(5, second)
    watch(david, clock)
    assert david.ok("watch", "status", "--json").json["running"] is None


@contextmanager
def watching_process(person: Person, *words: str, room: Chat | None = None) -> Iterator[subprocess.Popen[str]]:
    told = {} if room is None else {"S3SYNC_NOTIFY": f"json://127.0.0.1:{room.port}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "s3sync", "watch", *words, "--json"],
        cwd=person.project, env={**person.env(), **told}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(reached: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < give_up, "it never happened"
        time.sleep(0.05)


def test_two_processes_exchange_a_file_and_end_when_the_system_says_so(both: tuple[Person, Person]) -> None:
    david, jan = both
    with (
        chat() as room,
        watching_process(david) as first,
        watching_process(jan, "--down", "--notify", room=room) as second,
    ):
        assert first.stdout is not None and second.stdout is not None
        for process in (first, second):
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["event"] == "started"
        david.write("draft.mp4", b"draft" * 1000)
        assert json.loads(first.stdout.readline())["uploaded"][0]["name"] == "draft.mp4"
        arrived = json.loads(second.stdout.readline())
        assert arrived["run"] == "down" and arrived["downloaded"][0]["name"] == "draft.mp4"
        assert jan.read("draft.mp4") == b"draft" * 1000
        first.send_signal(signal.SIGTERM)
        second.send_signal(signal.SIGTERM)
        assert first.wait(PATIENCE_S) == 0 and second.wait(PATIENCE_S) == 0
        assert "jan received 1 file (5.0 KB): draft.mp4" in room.text
    assert david.ok("watch", "status", "--json").json["running"] is None


def test_events_come_from_this_disk_and_not_from_our_own_files(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    clock = RealClock()
    events = Events(tmp_path, clock.wake)
    events.start()
    try:

        def come() -> bool:
            events.probe()
            events._probes = 0
            return events.come

        until(come)
        assert not (tmp_path / ".s3sync" / PROBE).exists()

        def woken() -> bool:
            (tmp_path / "draft.mp4").write_bytes(os.urandom(10))
            return clock.wait(0.2)

        until(woken)
    finally:
        events.stop()
    assert not events.come


@pytest.mark.parametrize("way", ["at first", "by a name", "in a folder"])
def test_no_link_in_the_folder_has_the_whole_disk_watched(way: str, tmp_path: Path) -> None:
    """The library follows links. One that git brought to `/` took a watch of the system for each folder of the disk."""
    pytest.importorskip("watchfiles")
    staging, elsewhere = tmp_path / "staging", tmp_path / "elsewhere"
    (staging / "cut").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "link").symlink_to(tmp_path)
    if way == "at first":
        (elsewhere / "link").rename(staging / "cut" / "link")
    events = Events(staging, lambda: None)
    events.start()
    try:
        if way != "at first":

            def come() -> bool:
                events.probe()
                events._probes = 0
                return events.come

            until(come)
            moved = elsewhere / "link" if way == "by a name" else elsewhere
            moved.rename(staging / "cut" / "new")
        until(lambda: events._thread is not None and not events._thread.is_alive())
        assert not events.come
    finally:
        events.stop()


def test_without_the_library_it_polls(both: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    david, _ = both
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    events = Events(david.staging, lambda: None)
    events.start()
    assert events.missing and not events.come
    events.stop()


def test_the_service_is_the_same_each_time_and_holds_no_secret(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david 100%", {"AWS_SECRET_ACCESS_KEY": "s3cr3t", "AWS_ACCESS_KEY_ID": "id"})
    david.ok("init", PROJECT, "--store", f"file://{tmp_path}/store", "--user", "david", cwd=david.repo)
    (david.root / "home" / ".config").rename(david.root / "dotfiles")
    (david.root / "home" / ".config").symlink_to(david.root / "dotfiles")
    first = david.ok("watch", "install", "--down", "--json").json
    path = Path(first["path"])
    text = path.read_text()
    assert first["changed"] and not david.ok("watch", "install", "--down", "--json").json["changed"]
    assert path.read_text() == text and "s3cr3t" not in text
    assert f"WorkingDirectory={david.project}".replace("%", "%%") in text
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    assert line.endswith(f'"watch" "run" "--down" "--" "{PROJECT}"') and line.startswith('ExecStart="/')
    assert david.ok("watch", "status", "--json").json["installed"]
    assert david.ok("watch", "uninstall", "--json").json["changed"] and not path.exists()
    path.write_text("[Service]\nExecStart=/bin/true\n")
    assert "not written by s3sync" in david.expect(1, "watch", "install").err
    shutil.rmtree(path.parent)


@pytest.mark.seaweedfs
def test_a_line_that_breaks_is_told_once_and_nothing_is_lost(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    with Proxy(seaweedfs.endpoint_url) as proxy:
        environ = {**seaweedfs.environment("david"), "AWS_ENDPOINT_URL_S3": proxy.endpoint_url}
        david, jan = pair(tmp_path, f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", {"david": environ, "jan": environ})
        with (david.root / "home" / ".config" / "s3sync" / "config.yaml").open("a") as file:
            file.write("\nretries: 0\n")
        clock = Moments(200)
        clock.at(10, lambda: proxy.on("PutObject", times=4).cut_request_after(0))
        clock.at(11, lambda: david.write("draft.mp4", b"draft" * 1000))
        clock.at(120, lambda: proxy.on(times=3).cut_request_after(0))
        clock.at(121, lambda: david.write("audio.wav", b"audio" * 1000))
        told = watch(david, clock)
        assert names(told) == ["draft.mp4", "audio.wav"]
        assert [type(one) for one in told if isinstance(one, (Trouble, Works))] == [Trouble, Works] * 2
        jan.ok("down")
        assert jan.files() == david.files()


@pytest.mark.parametrize("name", ["s3sync.py", "s3sync/__init__.py", "typer.py"])
def test_what_the_system_starts_takes_no_module_from_the_repository(tmp_path: Path, name: str) -> None:
    """Without a script of its own s3sync is started as a module, in the project's folder."""
    trap, trace = tmp_path / "clone" / name, tmp_path / "trace"
    trap.parent.mkdir(parents=True)
    trap.write_text(f"open({str(trace)!r}, 'w')\n")
    program, words = starting("s3sync", ("--version",))
    done = subprocess.run([program, *words], cwd=tmp_path / "clone", capture_output=True, text=True, check=False)
    assert not trace.exists() and done.returncode == 0 and "s3sync" in done.stdout, done
    assert starting("/opt/s3sync", ("--version",)) == ("/opt/s3sync", ("--version",))


JOB = Job('/opt/my "tools"/s3sync', ("watch", "run", "--", "b63 $HOME"), "/home/jan/100% films", "v-appydave", "b63")


def test_a_unit_says_its_words_as_they_are() -> None:
    service = service_of(JOB, {"HOME": "/home/jan"}, "linux")
    assert service.path == Path(f"/home/jan/.config/systemd/user/{JOB.name}.service")
    assert 'ExecStart="/usr/bin/env" "/opt/my \\"tools\\"/s3sync" "watch" "run" "--" "b63 $$HOME"' in service.text
    plain = service_of(replace(JOB, program="/opt/100% tools/s3sync"), {}, "linux").text
    assert 'ExecStart="/opt/100%% tools/s3sync" "watch"' in plain
    assert "WorkingDirectory=/home/jan/100%% films" in service.text
    assert service_of(JOB, {"HOME": "/home/jan", "XDG_CONFIG_HOME": "settings"}, "linux").path == service.path
    other = replace(JOB, root="/home/jan/another clone")
    assert service_of(other, {}, "linux").path.name != service.path.name


def test_an_agent_of_launchd_says_the_same() -> None:
    service = service_of(JOB, {"HOME": "/Users/jan"}, "darwin")
    found = plistlib.loads(service.text.encode())
    assert found["ProgramArguments"] == [JOB.program, *JOB.words] and found["WorkingDirectory"] == JOB.root
    assert service.path == Path(f"/Users/jan/Library/LaunchAgents/{found['Label']}.plist")
    assert MARK in service.text and f"launchctl bootstrap gui/$(id -u) {service.path}" == service.start


def test_what_no_unit_can_hold_is_refused() -> None:
    with pytest.raises(S3syncError, match="neither systemd nor launchd"):
        service_of(JOB, {}, "win32")
    with pytest.raises(S3syncError, match="control character"):
        service_of(replace(JOB, root="/home/jan\nExecStartPre=/bin/evil"), {}, "linux")


def test_a_file_is_meant_in_the_case_that_the_remote_has(tmp_path: Path) -> None:
    assert Exactly(["Cut/Draft[1].mp4"], tmp_path, ignores_case=True)("cut/draft[1].MP4")
    exact = Exactly(["Cut/Draft[1].mp4"], tmp_path)
    assert exact("Cut/Draft[1].mp4") and not exact("cut/draft[1].MP4") and not exact("Cut/Draft1.mp4")
    assert exact.concerns("Cut") and not exact.concerns("other")

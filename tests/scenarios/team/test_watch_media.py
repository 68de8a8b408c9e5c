"""A watch beside a program that writes real media for seconds, over a line that breaks; and two watches."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from s3sync.team.watching.told import Ran, Told
from s3sync.team.watching.watcher import Watcher
from tests.kit import ffmpeg
from tests.kit.people import Person, pair
from tests.kit.proxy import Proxy
from tests.kit.servers import MiniStack
from tests.scenarios.team.test_watch import Silence, session_of, watching_process

RENDER_S = 4


def next_of(watch: subprocess.Popen[str], wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next of the watch's documents that is wanted."""
    assert watch.stdout is not None
    for line in watch.stdout:
        found: dict[str, Any] = json.loads(line)
        if wanted(found):
            return found
    raise AssertionError("the watch has ended")


def is_playable(path: Path) -> bool:
    done = subprocess.run(
        [ffmpeg.program(), "-v", "error", "-i", str(path), "-f", "null", "-"], capture_output=True, check=False
    )
    return done.returncode == 0 and done.stderr == b""


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.ministack
def test_a_film_that_is_being_rendered_arrives_once_and_whole_over_a_line_that_breaks(
    tmp_path: Path, ministack: MiniStack
) -> None:
    with Proxy(ministack.endpoint_url) as proxy:
        through = {**ministack.environment("david"), "AWS_ENDPOINT_URL_S3": proxy.endpoint_url}
        store = f"s3://{ministack.bucket}/{uuid.uuid4().hex}"
        david, jan = pair(tmp_path, store, {"david": through, "jan": ministack.environment("jan")})
        david.write("slate.txt", "take 1")
        with watching_process(david) as watch:
            next_of(watch, lambda one: [item["name"] for item in one.get("uploaded", [])] == ["slate.txt"])
            proxy.unplug()
            david.write("meanwhile.txt", "take 2")
            next_of(watch, lambda one: one["event"] == "trouble")
            proxy.resume()
            next_of(watch, lambda one: [item["name"] for item in one.get("uploaded", [])] == ["meanwhile.txt"])
            cut = proxy.on("PutObject", key="*render.mov", times=2).cut_request_after(50_000)
            film = david.staging / "render.mov"
            rendering = ffmpeg.render(film, RENDER_S)
            try:
                uploaded = next_of(watch, lambda one: bool(one.get("uploaded")))["uploaded"]
                assert rendering.wait(60) == 0
            finally:
                if rendering.poll() is None:
                    rendering.kill()
                    rendering.wait()
        assert [(one["name"], one["size_bytes"]) for one in uploaded] == [("render.mov", film.stat().st_size)], (
            "it was sent before it was finished"
        )
        assert cut.hits == 2
        jan.ok("down")
        assert jan.read("render.mov") == film.read_bytes() and is_playable(jan.staging / "render.mov")
        told = jan.ok("log", "render.mov", "--json").json["events"]
        assert [one["by"] for one in told if one["counts"].get("sent")] == ["david"], "no half of it was sent before"


class Shared:
    """Time that several watches share: it is moved on by the test."""

    def __init__(self) -> None:
        self.at = 1000.0


class Hand:
    """A watch's clock. It waits for nothing: whether something woke it is said by the test."""

    def __init__(self, shared: Shared) -> None:
        self._shared, self.woken = shared, False

    def now(self) -> float:
        return self._shared.at

    def wall(self) -> float:
        return self._shared.at

    def wait(self, seconds: float) -> bool:
        woken, self.woken = self.woken, False
        return woken

    def wake(self) -> None:
        raise AssertionError("nobody else runs")


@pytest.mark.parametrize("offset", [0.0, 2.6, 4.9])
def test_from_one_who_watches_to_another_a_file_takes_less_than_ten_seconds(tmp_path: Path, offset: float) -> None:
    """Both were idle for minutes, so each looks as seldom as it ever does; the disk tells of the file."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    shared, arrived = Shared(), dict[str, float]()
    watches: dict[str, tuple[Watcher, Hand]] = {}

    def telling(person: Person) -> Callable[[Told], None]:
        def tell(told: Told) -> None:
            if isinstance(told, Ran):
                arrived.update({f"{item.name} to {person.name}": shared.at for item in told.report.downloaded})

        return tell

    for person in (david, jan):
        hand = Hand(shared)
        watches[person.name] = (
            Watcher(
                lambda person=person: session_of(person),  # type: ignore[misc]
                telling(person), down=True, clock=hand, events=Silence,
            ),
            hand,
        )  # fmt: skip
    due = dict.fromkeys(watches, shared.at)
    to_write = {1150.0 + offset: (david, "there.mp4"), 1200.0 + offset: (jan, "back.mp4")}
    while shared.at < 1250.0:
        name = min(due, key=due.__getitem__)
        if to_write and min(to_write) <= due[name]:
            shared.at = min(to_write)
            person, file = to_write.pop(shared.at)
            person.write(file, f"of {person.name}")
            name = person.name
            watches[name][1].woken = True
            watches[name][0]._wait(0)
        else:
            shared.at = due[name]
        due[name] = shared.at + watches[name][0].step()
    took = {
        "there.mp4 to jan": arrived["there.mp4 to jan"] - (1150.0 + offset),
        "back.mp4 to david": arrived["back.mp4 to david"] - (1200.0 + offset),
    }
    assert all(0 < seconds < 10 for seconds in took.values()), took
    assert david.files() == jan.files()
    for watcher, _ in watches.values():
        watcher._let_go()

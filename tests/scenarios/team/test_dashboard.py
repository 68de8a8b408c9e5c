"""The dashboard from the command line: what it says of real projects, where it is written, served and published."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from s3sync.dashboard.priced import FRESH_S, CostTeller
from tests.kit.browser import Browser, until
from tests.kit.films import film
from tests.kit.people import PROJECT, Person, pair
from tests.kit.servers import SeaweedFS, Server
from tests.scenarios.archive.conftest import at_home, put
from tests.scenarios.archive.test_servers import on
from tests.scenarios.transfers.commands import hearing_ctrl_c

CANARY = "grading, the client must not know"


def boards(person: Person, *words: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = person.expect(code, "dashboard", *words, "--json", cwd=person.repo).json
    return found


def project_of(board: dict[str, Any], name: str = PROJECT) -> dict[str, Any]:
    (found,) = [one for one in board["repositories"][0]["projects"] if one["name"] == name]
    return dict(found)


def busy(david: Person, jan: Person) -> None:
    """A project with something of everything."""
    david.write("cut/draft 3.mp4", film("pretty.mp4"))
    david.write("mix.wav", "one")
    david.write("notes.txt", "same")
    david.ok("up")
    jan.ok("down")
    jan.write("mix.wav", "of jan")
    jan.ok("up")
    david.write("mix.wav", "of david")
    david.write("new.txt", "new")
    jan.ok("lock", "notes.txt", "--why", CANARY)


def test_it_says_of_a_project_what_its_commands_say(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    busy(david, jan)
    board = boards(david)
    found = project_of(board)
    assert (
        found["counts"] == david.ok("status", "--json").json["counts"] == {"in_sync": 2, "conflict": 1, "local_new": 1}
    )
    assert {one["name"] for one in found["files"]} == {"cut/draft 3.mp4", "mix.wav", "notes.txt", "new.txt"}
    (conflict,) = found["conflicts"]
    assert (conflict["name"], conflict["kind"], [one["by"] for one in conflict["versions"]]) == (
        "mix.wav",
        "live",
        ["david", "jan"],
    )
    (lock,) = found["locks"]
    assert (lock["name"], lock["by"], lock["why"], lock["commands"]) == ("notes.txt", "jan", CANARY, [])
    assert {one["name"]: one["has"] for one in found["members"]} == {"david": "no", "jan": "yes"}
    held = found["tiers"]
    assert held["local"]["count"] == 4 and held["s3"]["count"] == 3 and held["ssd"] is held["glacier"] is None
    files = {one["name"]: one for one in found["files"]}
    assert files["mix.wav"]["lacks"] == ["david"] and files["mix.wav"]["has"] == ["jan"]
    assert (
        files["cut/draft 3.mp4"]["picture"].startswith("data:image/jpeg;base64,")
        and "picture" not in files["notes.txt"]
    )
    for command in found["commands"]:
        done = david.run(
            *command["line"].split()[1:],
            "--dry-run" if command["line"].split()[1] in ("up", "down") else "-q",
            cwd=david.repo,
        )
        assert done.code in (0, 4), f"{command['line']}: {done}"


def test_each_place_of_an_archived_project_and_its_sizes(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    david.write("draft.mp4", b"x" * 1000)
    david.ok("up")
    david.ok("archive", "init", "--preset", "projects", "--store", (tmp_path / "ssd").as_uri(), cwd=david.repo)
    david.ok("archive", "run", PROJECT, cwd=david.repo)
    found = project_of(boards(david))
    assert all(found["tiers"][tier]["size_bytes"] > 0 for tier in ("local", "ssd", "s3"))
    assert f"s3sync archive show {PROJECT}" in [one["line"] for one in found["commands"]]


def test_a_project_that_is_not_here_is_told_from_the_store(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    david.ok("init", "b64-other", cwd=david.repo)
    put(david.repo, "b64-other/s3-staging/a.txt", b"12345")
    david.ok("up", "b64-other", cwd=david.repo)
    found = project_of(boards(jan), "b64-other")
    assert (found["here"], found["in_store"], found["tiers"]["s3"]["size_bytes"]) == (False, True, 5)
    assert next(one["line"] for one in found["commands"]) == "s3sync down b64-other"
    assert [one["name"] for one in boards(jan, "b64")["repositories"][0]["projects"]] == ["b64-other"]
    assert "no project matches" in jan.expect(2, "dashboard", "b99", cwd=jan.repo).err


def test_costs_are_counted_once_an_hour(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    assert project_of(boards(david, "--no-costs")) and boards(david, "--no-costs")["repositories"][0]["costs"] is None
    costs = boards(david)["repositories"][0]["costs"]
    assert costs["is_billed"] is False and costs["commands"][0]["line"] == "s3sync cost"
    for command in costs["commands"][:2]:
        david.ok(*command["line"].split()[1:], cwd=david.repo)
    now = [0.0]
    teller = CostTeller(lambda: now[0])
    first = teller.of(david.repo, {}, at_home(david))
    now[0] = FRESH_S - 1
    assert teller.of(david.repo, {}, at_home(david)) is first
    now[0] = FRESH_S + 1
    assert teller.of(david.repo, {}, at_home(david)) is not first


def test_a_store_that_is_away_hides_nothing_else(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    david.write("a.txt", "a")
    (tmp_path / "store").rename(tmp_path / "away")
    board = boards(david, code=3)
    assert "store" in board["repositories"][0]["problem"]
    assert [one["name"] for one in board["repositories"][0]["projects"]] == [PROJECT]
    written = david.expect(3, "dashboard", cwd=david.repo)
    assert "warning: v-appydave" in written.err and Path(written.out.splitlines()[-1]).exists()


def test_a_project_that_cannot_be_looked_at_is_told_with_what_to_do(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    david.staging.rename(tmp_path / "elsewhere")
    david.staging.symlink_to(tmp_path / "elsewhere")
    said = david.expect(3, "dashboard", cwd=david.repo).err
    assert f"warning: {PROJECT}: " in said and f"hint: `s3sync status {PROJECT}` says why" in said
    assert "hint: " in david.expect(2, "status", PROJECT, cwd=david.repo).err


def test_where_it_is_written(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    path = Path(david.ok("dashboard", cwd=david.repo).out.splitlines()[-1])
    assert path.is_relative_to(david.root / "home") and path.stat().st_mode & 0o777 == 0o600
    assert david.ok("dashboard", "-q", cwd=david.repo).out.splitlines() == [str(path)]
    out = david.root / "board.html"
    assert "would be written" in david.ok("dashboard", "--out", str(out), "--dry-run").out and not out.exists()
    david.ok("dashboard", "--out", str(out))
    david.ok("dashboard", "--out", str(out))
    out.write_text("mine")
    assert "would be lost" in david.expect(2, "dashboard", "--out", str(out)).err
    assert "--force" in david.expect(2, "dashboard", "--out", str(out)).err and out.read_text() == "mine"
    assert "everybody" in david.expect(2, "dashboard", "--out", str(david.staging / "board.html")).err
    assert david.files() == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--serve", "--publish"), "do not go together"),
        (("--out", "a.html", "--serve"), "do not go together"),
        (("--port", "8000"), "--port goes with --serve"),
        (("--every", "1m", "--out", "x.html"), "--every goes with --serve"),
        (("--title", "x"), "--title goes with --publish"),
        (("--with", "pictures"), "--with goes with --publish"),
        (("--publish", "--open"), "--open does not go with --publish"),
        (("--serve", "--json"), "--json does not go with --serve"),
        (("--serve", "--every", "1s"), "at least 2 s"),
        (("--publish", "--expires", "8d"), "cannot last that long"),
        (("--publish-to", "v-appydave/site"), "cannot publish to"),
        (("--publish-to", "../x"), "cannot publish to"),
        (("--publish-to", "s3://other/x"), "--store"),
        (("--publish-to", "a/.s3sync/x"), "cannot publish to"),
        (("--publish-to", ""), "cannot publish to"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_asked(
    words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    david = Person("david", tmp_path / "david")
    (david.repo / ".s3sync.yaml").write_text(f"store: {(tmp_path / 'store').as_uri()}\n")
    done = david.expect(2, "dashboard", *words, cwd=david.repo)
    assert told in done.err + done.out and not (tmp_path / "store").exists()


def test_open_without_a_screen_says_what_to_do(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    done = david.expect(1, "dashboard", "--open", cwd=david.repo)
    assert "no screen" in done.err and "hint: leave out --open" in done.err


def test_open_starts_the_browser_with_the_file_and_never_with_the_address(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    bin_, told = tmp_path / "bin", tmp_path / "told"
    bin_.mkdir()
    (bin_ / "xdg-open").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {told}\ncat "$1" >> {told}.content\n')
    (bin_ / "xdg-open").chmod(0o755)
    env = {"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "DISPLAY": ":9"}
    david.ok("dashboard", "--open", cwd=david.repo, env=env)
    assert told.read_text().strip().endswith(".html")
    told.unlink()
    with serving(david, "--open", env=env) as url:
        until(lambda: url in Path(f"{told}.content").read_text())
        assert url not in told.read_text() and "127.0.0.1" not in told.read_text()
    assert not Path(told.read_text().strip()).exists()


@contextmanager
def serving(person: Person, *words: str, env: dict[str, str] | None = None) -> Iterator[str]:
    """The address of a dashboard that is served, and ended by Ctrl-C."""
    process = subprocess.Popen(
        [*hearing_ctrl_c(), sys.executable, "-m", "s3sync", "dashboard", "--serve", *words],
        cwd=person.repo, env={**person.env(), **(env or {})},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert "Ctrl-C ends it" in lines[2], lines
        yield lines[1].strip()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, "Traceback" in err) == (0, False), (process.returncode, out, err)
    finally:
        process.kill()
        process.wait()


def test_a_served_page_follows_what_happens_and_says_when_it_is_over(tmp_path: Path, browser: Browser) -> None:
    david, jan = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    david.write("a.txt", "a")
    david.ok("up")
    with serving(david, "--every", "2s") as url:
        page = browser.open(url)
        until(lambda: page.locator(".live").get_attribute("data-state") == "live")
        assert page.locator(".badge").count() == 0
        jan.ok("down")
        jan.ok("lock", "a.txt", "--why", "<b>color</b>")
        until(lambda: "1 lock" in page.locator(".rows .row").inner_text())
        page.get_by_role("tab", name="Locks").click()
        assert "<b>color</b>" in page.get_by_role("tabpanel").inner_text()
        jan.ok("unlock", "a.txt")
        until(lambda: "Nobody has locked" in page.get_by_role("tabpanel").inner_text())
        assert {one.split("/")[2] for one in browser.requests if one.startswith("http")} == {url.split("/")[2]}
    browser.forgive("ERR_CONNECTION_REFUSED")
    browser.forgive("Failed to load resource")
    until(lambda: page.locator(".live").get_attribute("data-state") == "lost")
    assert page.get_by_role("tab", name="Projects").is_visible(), "what it knew stays"


@pytest.mark.moto
def test_a_thaw_that_finishes_while_the_page_is_open(moto: Server, tmp_path: Path, browser: Browser) -> None:
    from moto.moto_api import state_manager

    state_manager.set_transition("s3::keyrestore", {"progression": "manual", "times": 6})
    try:
        david = on(moto, tmp_path, uuid.uuid4().hex, "    storage_class: GLACIER\n")
        put(david.repo, "raw/m42/a.fits", b"light")
        david.ok("archive", "run", "--delete-local", cwd=david.repo)
        david.expect(8, "restore", "m42", "--yes", cwd=david.repo)
        never, now = {"progression": "manual", "times": 1_000_000}, {"progression": "immediate"}
        state_manager.set_transition("s3::keyrestore", never)  # however often the page has it looked at
        with serving(david, "--every", "2s") as url:
            page = browser.open(url)
            page.get_by_role("tab", name="Thaws").click()
            thaw = page.locator(".thaw")
            assert thaw.get_attribute("data-state") == "thawing" and "ready in at most" in thaw.inner_text()
            state_manager.set_transition("s3::keyrestore", now)
            until(lambda: thaw.get_attribute("data-state") == "thawed")
            assert (
                "It can be read for another" in thaw.inner_text() and "s3sync restore --resume m42" in thaw.inner_text()
            )
    finally:
        state_manager.unset_transition("s3::keyrestore")


@pytest.mark.seaweedfs
def test_a_view_for_people_outside_is_published_listed_opened_and_ended(
    seaweedfs: SeaweedFS, tmp_path: Path, browser: Browser
) -> None:
    environments = {name: seaweedfs.environment(name) for name in ("david", "jan")}
    david, jan = pair(tmp_path, f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", environments)
    busy(david, jan)
    words = ("dashboard", "--publish", "--title", "Films of this autumn", "--expires", "2h")
    assert "would be published" in david.ok(*words, "--dry-run").out
    assert david.ok("dashboard", "--list", "--json").json["pages"] == []
    made = david.ok(*words, "--json").json["published"]
    page = browser.open(made["url"])
    assert page.get_by_role("heading", level=1).inner_text() == "Films of this autumn"
    page.get_by_text(PROJECT).click()
    assert "draft 3.mp4" in page.locator(".files").inner_text() and page.locator("img, .command").count() == 0
    body = urllib.request.urlopen(made["url"]).read().decode()
    for secret in (
        CANARY,
        str(tmp_path),
        "s3-staging",
        seaweedfs.bucket,
        "cut/",
        "new.txt",
        "s3sync up",
        os.uname().nodename,
    ):
        assert secret not in body, secret
    (listed,) = david.ok("dashboard", "--list", "--json").json["pages"]
    assert (listed["id"], listed["title"], listed["by"]) == (made["id"], "Films of this autumn", "david")
    assert david.ok("share", "--list", "--json").json["pages"] == [], "those of projects are other ones"
    assert "would be ended" in jan.ok("dashboard", "--end", made["url"], "--dry-run").out
    jan.ok("dashboard", "--end", made["id"])
    assert "No dashboard" in david.ok("dashboard", "--list").out
    assert "no published dashboard" in david.expect(2, "dashboard", "--end", made["id"]).err
    assert (
        "data:image/"
        in urllib.request.urlopen(david.ok(*words, "--with", "pictures", "--json").json["published"]["url"])
        .read()
        .decode()
    )


def test_a_view_is_published_to_a_prefix_and_replaces_only_itself(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    busy(david, jan)
    assert "--publish-to" in david.expect(1, "dashboard", "--publish").err, "a folder makes no links"
    index = tmp_path / "store" / "site" / "films" / "index.html"
    david.ok("dashboard", "--publish-to", "site/films", "--dry-run")
    assert not index.exists()
    out = david.ok("dashboard", "--publish-to", "/site/films/").out
    assert out.splitlines()[-1].endswith("store/site/films/index.html") and CANARY not in index.read_text()
    first = index.read_bytes()
    jan.ok("dashboard", "--publish-to", "site/films", "--title", "Newer")
    assert index.read_bytes() != first and b"Newer" in index.read_bytes()
    foreign = tmp_path / "store" / "shop" / "index.html"
    foreign.parent.mkdir()
    foreign.write_text("the shop")
    done = david.expect(2, "dashboard", "--publish-to", "shop")
    assert "would be lost" in done.err and foreign.read_text() == "the shop"
    david.ok("dashboard", "--publish-to", "shop", "--force")
    assert b"s3sync dashboard" in foreign.read_bytes()
    board = json.loads(re.findall(r'id="data">(.*?)</script>', index.read_text())[0])
    assert board["is_public"] is True and board["until"] is None

"""Files of a place that get names by what they say about themselves, and what that costs."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.proxy import Proxy
from tests.kit.remotes import Remotes
from tests.kit.servers import Moto, SeaweedFS
from tests.scenarios.organize.songs import song
from tests.scenarios.pairs.conftest import desk, moto_of_pairs  # noqa: F401 - fixtures
from tests.scenarios.pairs.desk import Desk, Place

LAYOUT = "{artist}/{album}/{track:02} {title}.{ext}"
TITLES = ("Summertime", "Bess", "A Woman Is")


def library(place: Place, artists: int = 2, **more: int) -> dict[str, bytes]:
    """Songs as a download folder has them; the new name of each with its bytes."""
    named = {}
    for artist in range(artists):
        for track, title in enumerate(TITLES, 1):
            body = song(f"Artist {artist}", "Porgy/Bess", title, track, **more)
            place.put(f"downloads/{artist}{track}.mp3", body)
            named[f"Artist {artist}/Porgy_Bess/{track:02} {title}.mp3"] = body
    return named


def organized(desk: Desk, a: Place, b: Place, *more: str, code: int = 0, layout: str = LAYOUT) -> Any:  # noqa: F811
    return desk.run("organize", a, b, "--layout", layout, "--json", *more, code=code).json


def sky(target: str, when: str) -> bytes:
    """A FITS file of one frame without pixels."""
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    1"]
    cards += ["NAXIS1  =                 2880", f"OBJECT  = '{target}'", f"DATE-OBS= '{when}'", "END"]
    return "".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(2880)


def test_names_that_programs_obey_are_told_before_anything_is_copied(desk: Desk) -> None:  # noqa: F811
    """Whoever wrote the tags chose the names."""
    a, b = desk.place("folder", "inbox"), desk.place("folder", "music")
    a.put("song.mp3", song("autorun.inf", "x", "y", 1))
    for more in ("--dry-run",), ():
        told = organized(desk, a, b, *more, layout="{artist}")["warnings"]
        assert told == [
            "look at autorun.inf before you work in that folder: programs obey it when they open the folder"
        ]


@pytest.mark.parametrize("kind", ["folder", "moto"])
def test_no_file_gets_a_name_that_is_passed_over(desk: Desk, kind: str) -> None:  # noqa: F811
    """The next run would not see it, and take it for somebody else's."""
    a, b = desk.place("folder", "inbox"), desk.place(kind, "notes")
    a.put("one.txt", b"y")
    done = organized(desk, a, b, layout="{name}.tmp", code=3)
    assert [item["name"] for item in done["failed"]] == ["one.txt"] and "`ignore` leaves" in str(done["failed"])
    assert done["run"] is None and b.files() == {}


def test_songs_made_to_cost_hours_hold_up_no_others(desk: Desk) -> None:  # noqa: F811
    """Each had taken 35 times its size of memory, in a place that others fill."""
    a, b = desk.place("folder", "inbox"), desk.place("folder", "music")
    box = (8).to_bytes(4, "big") + b"free"
    boxes = box * 200_000
    bomb = bytes.fromhex("00000010") + b"ftypM4A \0\0\0\0" + (8 + len(boxes)).to_bytes(4, "big") + b"moov" + boxes
    for number in range(24):
        a.put(f"{number}.m4a", bomb)
    a.put("song.mp3", song("Ella", "x", "y", 1))
    told = organized(desk, a, b, layout="{artist}.{ext}", code=3)
    assert list(b.files()) == ["Ella.mp3"] and len(told["failed"]) == 24
    assert "in more pieces" in told["failed"][0]["error"]


@pytest.mark.seaweedfs
@pytest.mark.parametrize(("one", "two"), [("sea", "sea"), ("sea", "moto"), ("folder", "sea"), ("sea", "folder")])
def test_songs_are_named_by_their_tags(desk: Desk, one: str, two: str) -> None:  # noqa: F811
    a, b = desk.place(one, "inbox"), desk.place(two, "music")
    named = library(a)
    a.put("notes.txt", b"no music")
    plan = organized(desk, a, b, "--dry-run", code=3)
    assert {item["new"] for item in plan["files"]} == set(named) and b.files() == {}
    done = organized(desk, a, b, code=3)
    assert b.files() == named and len(a.files()) == len(named) + 1
    assert done["failed"][0]["name"] == "notes.txt"
    again = organized(desk, a, b, code=3)
    assert (again["files"], again["in_place"], again["moved_bytes"]) == ([], len(named), 0)
    back = desk.person.ok("organize", "--undo", "--yes", "--json", cwd=desk.work).json
    assert len(back["back"]) == len(named) and b.files() == {} and len(a.files()) == len(named) + 1
    assert "no run" in desk.person.expect(2, "organize", "--undo", "--yes", cwd=desk.work).err


@pytest.mark.seaweedfs
def test_inside_one_store_only_headers_travel(desk: Desk, seaweedfs: SeaweedFS) -> None:  # noqa: F811
    """Counted by a proxy, on the wire: of songs with a cover picture, moved in place, and back."""
    place = desk.place("sea", "music")
    named = library(place, artists=3, size=4_000_000, picture=30_000)
    whole = sum(map(len, named.values()))
    with Proxy(seaweedfs.endpoint_url) as proxy:
        config = desk.person.root / "home" / ".aws" / "config"
        config.write_text(config.read_text().replace(seaweedfs.endpoint_url, proxy.endpoint_url))
        done = organized(desk, place, place, "--move", "--yes", "--cloud-only")
        assert proxy.received + proxy.sent < 0.05 * whole
        assert done["read_bytes"] <= proxy.received and done["moved_bytes"] == 0
        assert {operation for operation in proxy.counts if operation.startswith("Put")} <= {"PutObject"}
        assert place.files() == named
        proxy.reset_counts()
        desk.person.ok("organize", "--undo", "--yes", cwd=desk.work)
        assert proxy.received + proxy.sent < 0.05 * whole
    assert sorted(place.files()) == sorted(
        f"downloads/{artist}{track}.mp3" for artist in range(3) for track in (1, 2, 3)
    )
    assert sorted(place.files().values()) == sorted(named.values())


def test_names_of_several_files_are_refused_before_anything_is_done(desk: Desk) -> None:  # noqa: F811
    a, b = desk.place("moto", "inbox"), desk.place("moto", "music")
    library(a)
    said = desk.run("organize", a, b, "--layout", "{artist}/{album}.{ext}", code=5)
    assert "2 names would be of several files" in said.err and "nothing was done" in said.err and "{disc}" in said.err
    assert b.files() == {}


def test_what_stands_there_is_never_overwritten(desk: Desk) -> None:  # noqa: F811
    a, b = desk.place("moto", "inbox"), desk.place("moto", "music")
    named = library(a)
    first = next(iter(named))
    b.put(first, b"another song")
    done = organized(desk, a, b, "--move", "--yes", code=3)
    assert b.files() == named | {first: b"another song"}
    assert [item["name"] for item in done["failed"]] == ["downloads/01.mp3"] and list(a.files()) == ["downloads/01.mp3"]


def test_moving_asks_and_undo_keeps_what_was_changed_since(desk: Desk) -> None:  # noqa: F811
    a, b = desk.place("moto", "inbox"), desk.place("moto", "music")
    named = library(a, artists=1)
    assert "nothing was renamed" in desk.run("organize", a, b, "--layout", LAYOUT, "--move", code=5).err
    assert b.files() == {}
    desk.run("organize", a, b, "--layout", LAYOUT, "--move", "--yes")
    assert a.files() == {} and b.files() == named
    first, second, third = named
    b.put(first, b"cut anew")
    a.put("downloads/02.mp3", b"another song by now")
    dry = desk.person.expect(3, "organize", "--undo", "--dry-run", cwd=desk.work).out
    assert "1 file would go back" in dry and a.files() == {"downloads/02.mp3": b"another song by now"}
    said = desk.person.expect(3, "organize", "--undo", "--yes", cwd=desk.work).err
    assert "was changed since, and stays" in said and "another file is called downloads/02.mp3" in said
    assert b.files() == {first: b"cut anew", second: named[second]}
    assert a.files() == {"downloads/02.mp3": b"another song by now", "downloads/03.mp3": named[third]}


@pytest.mark.rclone
@pytest.mark.parametrize("moves", [False, True], ids=["copied", "moved"])
def test_undo_believes_no_time_and_size(desk: Desk, remotes: Remotes, moves: bool) -> None:  # noqa: F811
    """A remote without checksums, where what stands there has the time and the size of the copy and is another file, or
    what it was copied from is: nothing that is the only one of its kind is deleted."""
    desk.remotes, desk.environ["RCLONE_CONFIG"] = remotes, str(remotes.config)
    a, b = desk.place("rclone", "a"), desk.place("rclone", "music")
    named = library(a, artists=2)
    desk.run("organize", a, b, "--layout", LAYOUT, *(("--move", "--yes") if moves else ()))
    target, first = b.root, next(iter(named))
    assert target is not None and a.root is not None
    disguise(target / first)
    if not moves:
        disguise(a.root / "downloads/12.mp3")
    one, other = a.everything(), b.everything()
    dry = desk.person.expect(3, "organize", "--undo", "--dry-run", cwd=desk.work, env=desk.environ)
    assert dry.err.count("stays") == (1 if moves else 2) and (a.everything(), b.everything()) == (one, other)
    back = desk.person.expect(3, "organize", "--undo", "--yes", "--json", cwd=desk.work, env=desk.environ).json
    kept = {item["name"] for item in back["kept"]}
    assert first in kept and len(back["back"]) == (5 if moves else 4)
    assert set(b.files()) == kept and {*a.files().values(), *b.files().values()} >= {*one.values(), *other.values()}


def disguise(file: Path) -> None:
    """Make another file of the same length and time."""
    was, body = file.stat(), file.read_bytes()
    file.write_bytes(body[::-1])
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))


def test_photos_frames_and_waves(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    a, b = desk.place("moto", "inbox"), desk.place("store", "sorted")
    Path(b.word.removeprefix("file://")).mkdir()
    frame = sky("M 31", "2026-10-14T21:30:00")
    a.put("raw/frame.fits", frame)
    sound = tmp_path / "sound.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000)
    a.put("sound.wav", sound.read_bytes())
    done = organized(desk, a, b, code=3, layout="{captured:%Y/%m}/{object}/{name}")
    assert [item["name"] for item in done["failed"]] == ["sound.wav"]
    assert b.files() == {"2026/10/M 31/frame.fits": frame}


def test_hostile_tags_stay_below_the_target(desk: Desk) -> None:  # noqa: F811
    a, b = desk.place("moto", "inbox"), desk.place("folder", "music")
    a.put("1.mp3", song("../../..", "/etc", "passwd\x1b[2J", 1))
    a.put("2.mp3", song("..", "x", "y", 2))
    a.put("3.mp3", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\xff" * 2000)
    a.put("4.flac", b"fLaC\x00\xff\xff\xff" + b"\xff" * 2000)
    a.put("5.mp3", song("Huge", "Cover", "Art", 3, picture=6_000_000))
    done = organized(desk, a, b, code=3)
    assert {item["name"] for item in done["failed"]} >= {"2.mp3", "3.mp3", "4.flac", "5.mp3"}
    assert all(name.split("/")[0] != ".." for name in b.files())
    assert not (desk.work.parent / "etc").exists() and "\x1b" not in "".join(b.files())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--layout", "{artst}/{title}"], "there is no field {artst}"),
        ([], "organize needs two places and a layout"),
        (["--layout", "{name}", "--cloud-only"], "--cloud-only is for two stores"),
        (["--layout", "{name}", "--undo"], "--undo takes no places"),
    ],
)
def test_words_that_mean_nothing(tmp_path: Path, words: list[str], said: str) -> None:
    david = Person("david", tmp_path / "david")
    (david.root / "here").mkdir()
    assert said in david.expect(2, "organize", "./here", "./there", *words, cwd=david.root).err


def test_a_missing_source_is_no_empty_one(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david")
    assert (
        "there is no folder ./here"
        in david.expect(2, "organize", "./here", "./there", "--layout", "{name}", cwd=david.root).err
    )


@pytest.mark.parametrize("operation", ["CopyObject", "DeleteObject"])
def test_f01_a_run_that_is_killed_loses_nothing_and_is_taken_back(
    desk: Desk,  # noqa: F811
    moto_of_pairs: Moto,  # noqa: F811
    operation: str,
) -> None:
    """kill -9 while some are copied, or some have left the source; run again it ends the same, and both go back."""
    place = desk.place("moto", "music")
    named = library(place, artists=4, size=20_000)
    before = place.files()
    command = [*desk.person.program, "organize", place.word, place.word, "--layout", LAYOUT, "--move", "--yes"]
    with Proxy(moto_of_pairs.endpoint_url) as proxy:
        config = desk.person.root / "home" / ".aws" / "config"
        config.write_text(config.read_text().replace(moto_of_pairs.endpoint_url, proxy.endpoint_url))
        started: list[subprocess.Popen[bytes]] = []
        proxy.on(operation, nth=6).before(lambda request: started[0].kill())
        words = [*command, "--profile", "moto", "--transfers", "2"]
        started.append(subprocess.Popen(words, env=desk.person.env(), cwd=desk.work, stdout=subprocess.DEVNULL))
        assert started[0].wait(60) == -signal.SIGKILL
    config.write_text(config.read_text().replace(proxy.endpoint_url, moto_of_pairs.endpoint_url))
    assert set(place.files().values()) >= set(before.values())
    organized(desk, place, place, "--move", "--yes")
    assert place.files() == named
    desk.person.ok("organize", "--undo", "--yes", cwd=desk.work)
    assert place.files() == before
    assert "no run" in desk.person.expect(2, "organize", "--undo", "--yes", cwd=desk.work).err


@pytest.mark.seaweedfs
def test_nobodys_word_has_a_source_deleted(desk: Desk) -> None:  # noqa: F811
    """An object under the new name that only says to be the same: in its metadata, with an ETag that proves nothing."""
    a, b = desk.place("sea", "inbox"), desk.place("sea", "music")
    body = song("Ella", "Gershwin", "Summertime", 7, size=6_000_000)
    a.put("07.mp3", body)
    fake = b"x" * len(body)
    named = "Ella/Gershwin/07 Summertime.mp3"
    key, said = b.prefix + named, {"md5": hashlib.md5(body).hexdigest()}
    upload = b.client.create_multipart_upload(Bucket=b.bucket, Key=key, Metadata=said)["UploadId"]
    parts = []
    for number, part in enumerate((fake[: 5 * 1024 * 1024], fake[5 * 1024 * 1024 :]), 1):
        sent = b.client.upload_part(Bucket=b.bucket, Key=key, UploadId=upload, PartNumber=number, Body=part)
        parts.append({"PartNumber": number, "ETag": sent["ETag"]})
    b.client.complete_multipart_upload(Bucket=b.bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    done = organized(desk, a, b, "--move", "--yes", code=3)
    assert [item["name"] for item in done["failed"]] == ["07.mp3"]
    assert a.files() == {"07.mp3": body} and b.files() == {named: fake}


@pytest.fixture
def both(tmp_path: Path) -> tuple[Person, Person]:
    """Two people with two files of a project in a folder store, which the first one has sent."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    for name in ("one.mp4", "raw/two.mp4"):
        david.write(name, name)
    david.ok("up")
    return david, jan


@pytest.fixture
def project(both: tuple[Person, Person]) -> Person:
    return both[0]


def test_a_project_of_a_folder_store_is_organized_in_that_store(project: Person, tmp_path: Path) -> None:
    """It got a store of its own inside of the store, whose records then were files of the project for everybody."""
    place, card = f"file://{tmp_path / 'store' / REPO / PROJECT}", tmp_path / "card"
    card.mkdir()
    (card / "one.mp4").write_bytes(b"another cut")
    project.ok("copy", str(card), place)
    project.ok("organize", place, place, "--layout", "by name/{stem}.{ext}", "--move", "--yes")
    stores = list((tmp_path / "store").rglob(".s3sync-store"))
    assert stores == [tmp_path / "store" / ".s3sync-store"]
    assert set(project.states()) == {"by name/one.mp4", "by name/two.mp4", "one.mp4", "raw/two.mp4"}
    project.ok("sync", "--max-delete", "9")
    assert sorted(project.files()) == ["by name/one.mp4", "by name/two.mp4"]
    assert project.read("by name/one.mp4") == b"another cut"


def test_what_s3sync_keeps_of_projects_is_not_organized(project: Person, tmp_path: Path) -> None:
    """`metadata.json` of a project got another name, where its repository was organized as a whole."""
    (project.staging / "raw" / "two.mp4").unlink()
    project.ok("sync", "--max-delete", "9")
    place = f"file://{tmp_path / 'store' / REPO}"
    report = project.ok("organize", place, place, "--layout", "all/{name}", "--move", "--yes", "--json").json
    assert [(one["old"], one["new"]) for one in report["files"]] == [(f"{PROJECT}/one.mp4", "all/one.mp4")]
    assert (tmp_path / "store" / REPO / PROJECT / "metadata.json").is_file() and report["failed"] == []


def test_a_store_that_a_stranger_put_around_a_place_is_refused(project: Person, tmp_path: Path) -> None:
    if os.name == "nt" or os.getuid() != 0:
        pytest.skip("only root can make what another user owns")
    os.chown(tmp_path / "store" / ".s3sync-store", 12345, 12345)
    said = project.expect(2, "copy", str(project.staging), f"file://{tmp_path / 'store' / 'mine'}").err
    assert "lies in the folder store" in said and not (tmp_path / "store" / "mine").exists()


def test_files_of_a_project_get_other_names_here(project: Person) -> None:
    """It waited for itself: both places are the project, and its lock was taken for each of them."""
    project.ok("organize", PROJECT, PROJECT, "--layout", "all/{name}", "--move", "--yes", cwd=project.repo)
    assert sorted(project.files()) == ["all/one.mp4", "all/two.mp4"]
    project.ok("organize", "--undo", "--yes", cwd=project.repo)
    assert sorted(project.files()) == ["one.mp4", "raw/two.mp4"]


def test_undo_leaves_what_the_target_had_before_the_run(project: Person, tmp_path: Path) -> None:
    """A file that the target had already left the source, and the undo took it from the target."""
    place = f"file://{tmp_path / 'store' / REPO / PROJECT}"
    project.ok("organize", PROJECT, place, "--layout", "{folder}/{name}", "--move", "--yes", cwd=project.repo)
    assert project.files() == {}
    project.ok("organize", "--undo", "--yes", cwd=project.repo)
    assert set(project.states().values()) == {"in_sync"} and sorted(project.files()) == ["one.mp4", "raw/two.mp4"]


def test_nobody_is_said_to_have_a_copy_under_another_name(both: tuple[Person, Person], tmp_path: Path) -> None:
    """A copy on the server keeps who sent the file; a receipt said that he had it under its new name, too."""
    david, jan = both
    place = f"file://{tmp_path / 'store' / REPO / PROJECT}"
    david.ok("organize", place, place, "--layout", "all/{name}")
    jan.ok("down")
    lacks = [line for line in jan.ok("who", "all/one.mp4").out.splitlines() if "david" in line]
    assert lacks and "has not fetched it" in lacks[0], lacks

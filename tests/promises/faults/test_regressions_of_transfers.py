"""Bugs that other sync tools had, each as a test that names the tool and its issue: bytes on their way.

Four are shown where their fault is: maestral 944 by `test_f09_a_body_is_rewound_after_a_reset`, s3cmd 346 by
`test_f04_all_of_more_than_a_thousand_parts_are_found_again` (both test_uploads.py), rclone 1250 and 7270 by
`test_f15_what_changes_during_its_upload_is_reported_and_not_published` and
`test_f28_one_name_in_two_spellings_here_and_there_is_one_file` (both test_disk.py).
"""

from __future__ import annotations

import json

import pytest

from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import MiniStack
from tests.promises.faults.conftest import open_project
from tests.scenarios.transfers.commands import parts_remembered, started, until
from tests.scenarios.transfers.conftest import MIB, PART, NewOffice, Office, content

pytestmark = pytest.mark.seaweedfs

FILM = 2 * PART + MIB


@pytest.mark.parametrize("nth", [2, 3], ids=["after the first part", "before the last"])
def test_aws_cli_2321_s5cmd_414_a_download_in_ranges_is_of_one_version(office: Office, nth: int) -> None:
    """aws-cli 2321, s5cmd 414: the object was replaced meanwhile, and the file got parts of both versions."""
    office.david.write("film.mp4", content(FILM))
    open_project(office.david).up()
    theirs = content(FILM, seed=2)
    rule = office.proxy.on("GetObject", key=office.key("film.mp4"), nth=nth)
    rule.before(lambda _: office.put("film.mp4", theirs))
    report = open_project(office.jan).down()
    assert rule.hits == 1 and report.failed == [] and office.jan.read("film.mp4") == theirs
    film = office.key("film.mp4")
    pinned = [sent for sent in office.proxy.log if (sent.operation, sent.key) == ("GetObject", film) and sent.range]
    assert pinned and all("if-match" in sent.headers for sent in pinned)


@pytest.mark.ministack
def test_s5cmd_872_no_key_and_no_name_leads_out_of_the_folder(new_office: NewOffice, ministack: MiniStack) -> None:
    """s5cmd 872: a key with `../` was written wherever it pointed. Names in metadata.json do not lead away either."""
    office = new_office(ministack)
    with ministack.with_odd_keys() as admin:
        office.s3 = admin
        keys = ["../x.txt", "a/../../x.txt", "/abs.txt", "..", "a//b.txt", "n" * 256, "C:/x.txt", "a\\..\\..\\x.txt"]
        for key in (*keys, "fine.txt"):
            office.put(key, b"escaped")
        entry = {"size_bytes": 7, "uploaded_by": "eve", "uploaded_at": "2025-11-03T10:00:00Z", "md5": "0" * 32}
        names = ["../../x.txt", "/abs.txt", "..", "nul\x00.txt"]
        files = [{"name": name, **entry} for name in names]
        office.put("metadata.json", json.dumps({"project_id": PROJECT, "repo": REPO, "files": files}).encode())
        before = {path for path in office.root.rglob("*") if ".s3sync" not in path.parts}
        report = open_project(office.jan).down()
        assert {problem.path for problem in report.failed} == {*keys, *names}
        for verb in ("down", "sync"):  # the names are out of metadata.json by now, and the keys are left alone
            assert {item["name"] for item in office.jan.expect(3, verb, "--json").json["failed"]} == set(keys)
        written = {path for path in office.root.rglob("*") if ".s3sync" not in path.parts} - before
        own = office.jan.root / "home/.local/share/s3sync"  # the user's own folder, whose names are of no key
        arrived = {path for path in written if path.is_file() and not path.is_relative_to(own)}
        assert arrived == {office.jan.staging / "fine.txt"}
        assert {path.name for path in own.iterdir()} <= {"seen", "repositories", "trust", "stores"}


@pytest.mark.parametrize(("verb", "operation"), [("up", "PutObject"), ("down", "GetObject"), ("sync", "GetObject")])
def test_s5cmd_852_appydave_tools_a_failed_transfer_is_no_success(office: Office, verb: str, operation: str) -> None:
    """s5cmd 852: exit 0 without doing the work. appydave-tools: "complete" after failed transfers."""
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        office.david.write(name, f"the first {name}")
    person = office.david
    if operation == "GetObject":
        open_project(office.david).up()
        person = office.jan
        person.staging.mkdir(exist_ok=True)
    rule = office.proxy.on(operation, key=office.key("b.mp4"))
    rule.reply(400, "MalformedXML")
    result = person.expect(3, verb, "--json").json
    assert [item["name"] for item in result["failed"]] == ["b.mp4"] and result["exit_code"] == 3
    assert len(result["uploaded"] + result["downloaded"] + result["skipped"]) == 2
    again = person.expect(3, verb)
    assert "✗ b.mp4" in again.err and "complete" not in (again.out + again.err).lower()
    assert rule.hits >= 2
    status = {file["name"]: file["state"] for file in person.ok("status", "--json").json["files"]}
    assert status == {
        "a.mp4": "in_sync", "c.mp4": "in_sync", "b.mp4": "local_new" if verb == "up" else "remote_new",
    }  # fmt: skip


def break_off(office: Office, person: Person) -> None:
    """`kill -9` Jan's download of film.mp4 after its first part."""
    with office.gate("GetObject", key=office.key("film.mp4"), nth=2, times=99), started(person, "down") as command:
        until(lambda: parts_remembered(person) == 1, "a part of a download")
        command.kill()


def test_s3cmd_634_a_download_that_goes_on_appends_nothing(office: Office) -> None:
    """s3cmd 634: `--continue` fetched the whole file and put it behind the part that was there."""
    data = content(FILM)
    office.david.write("film.mp4", data)
    open_project(office.david).up()
    break_off(office, office.jan)
    office.proxy.on("GetObject", key=office.key("film.mp4")).ignore_range()
    report = open_project(office.jan).down()
    assert report.failed == [] and office.jan.read("film.mp4") == data
    assert (office.jan.staging / "film.mp4").stat().st_size == FILM
    assert not list((office.jan.staging / ".s3sync/partial").iterdir())


def test_onedrive_791_a_half_downloaded_file_is_not_uploaded(office: Office) -> None:
    """onedrive 791: what an interrupted download left was taken for an edit, and replaced the whole file."""
    data = content(FILM)
    office.david.write("film.mp4", data)
    open_project(office.david).up()
    break_off(office, office.jan)
    assert office.jan.files() == {} and office.jan.states() == {"film.mp4": "remote_new"}
    for verb in ("up", "sync"):
        assert getattr(open_project(office.jan), verb)().uploaded == []
    assert office.stored("film.mp4") == office.jan.read("film.mp4") == data


@pytest.mark.parametrize(
    ("operation", "key", "size"),
    [("PutObject", "clip.mp4", 9), ("PutObject", "clip.mp4", 3 * MIB), ("CompleteMultipartUpload", "clip.mp4", FILM),
     ("PutObject", "metadata.json", 9)],
    ids=["obstore", "botocore", "parts", "metadata"],
)  # fmt: skip
@pytest.mark.parametrize("there", [False, True], ids=["new", "replaced"])
def test_aws_sdk_java_v2_6580_icechunk_2099_a_lost_success_is_no_conflict(
    office: Office, operation: str, key: str, size: int, there: bool
) -> None:
    """aws-sdk-java-v2 6580, icechunk 2099: the retry of a write that had won was told 412, and taken for lost."""
    if there:
        office.david.write("clip.mp4", "an older version")
        open_project(office.david).up()
    office.david.write("clip.mp4", content(size))
    rule = office.proxy.on(operation, key=office.key(key), nth=1)
    rule.swallow_answer()
    report = open_project(office.david).up()
    assert rule.hits == 1
    assert [item.name for item in report.uploaded] == ["clip.mp4"] and not (report.failed or report.conflicts)
    assert office.stored("clip.mp4") == content(size) and office.uploads() == {}
    status = open_project(office.david).status()
    assert status.in_sync and [file.uploaded_by for file in status.files] == ["david"]


@pytest.mark.parametrize("name", ["ours.mp4", "theirs.mp4"])
def test_appydave_tools_objects_in_parts_are_compared_by_content(office: Office, name: str) -> None:
    """appydave-tools: an ETag that is no MD5 was given up on, and the size had to do."""
    data = content(PART + MIB)
    path = office.david.write(name, data)
    if name == "ours.mp4":
        open_project(office.david).up()
    else:
        where = {"Bucket": office.server.bucket, "Key": office.key(name)}
        where["UploadId"] = office.s3.create_multipart_upload(**where)["UploadId"]
        parts = []
        for number, start in enumerate(range(0, len(data), 5 * MIB), 1):
            sent = office.s3.upload_part(**where, PartNumber=number, Body=data[start : start + 5 * MIB])
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        office.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        assert open_project(office.david).status().in_sync
        open_project(office.david).up()
    with path.open("r+b") as stream:
        stream.seek(PART)
        stream.write(b"edited")
    (file,) = open_project(office.david).status().files
    assert file.state.value == "local_modified" and path.stat().st_size == len(data)
    open_project(office.david).up()
    assert office.stored(name) == path.read_bytes() != data

"""How often a command waits for an answer before it can go on: budgets in round trips, connection set-up included.

A limit only ever goes down. docs/how-transfers-work.md has the numbers and must have these.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kit.people import REPO, Person
from tests.kit.rounds import Rounds, Watched
from tests.kit.servers import SeaweedFS
from tests.scenarios.transfers.conftest import MIB, Office, content, office_at

pytestmark = [pytest.mark.seaweedfs]

LAST_SYNC = {"last_sync": "2025-11-03T10:00:00Z", "last_sync_by": "jan"}
DOCS = Path(__file__).parents[3] / "docs" / "how-transfers-work.md"


@dataclass(frozen=True)
class Limit:
    """`most` round trips, and `requests` in them; `budget` is what is aimed at. One request lists the locks.

    `beside`: round trips of the probe, which travels beside the parts and on a busy computer ends after them.
    """

    most: int
    requests: int
    budget: int | None = None
    beside: int = 0


LIMITS = {
    "`status` of 20 files": Limit(2, 3, budget=3),
    "`s3sync` alone": Limit(2, 3, budget=3),
    "`up`, `down` or `sync`, nothing to do": Limit(2, 3, budget=3),
    "`up` of one changed file": Limit(4, 5, budget=5),
    "`down` of one changed file": Limit(4, 4, budget=4),
    "`sync` that sends one changed file": Limit(5, 6),
    "`sync` that fetches one changed file": Limit(4, 5),
    "first `up` of one file to a strange store": Limit(5, 12, budget=6),
    "first `up` of 20 files to a strange store": Limit(6, 31, budget=6),
    "first `up` of 20 files of a second project": Limit(6, 31, budget=6),
    "first `down` of 20 files": Limit(5, 30),
    "first `up` of 40 MiB to a strange store": Limit(10, 31, beside=3),
    "`up` of another file of 40 MiB": Limit(8, 12),
    "`conflicts`": Limit(2, 3),
    "`log` or `inbox`": Limit(2, 2),
    "`who`, or `members list`": Limit(2, 1),
    "`lock` of a file": Limit(2, 1),
    "`locks`, with one": Limit(4, 2),
    "`unlock` of a file": Limit(6, 5),
    "`share` of a file": Limit(8, 7),
    "`status --all` of 100 projects": Limit(6, 106, budget=8),
    "`up --all` of 100 projects, nothing to do": Limit(6, 106),
    "`up --all` of 100 projects, one file changed in 50": Limit(9, 206),
}


@pytest.fixture
def office(tmp_path: Path, seaweedfs: SeaweedFS) -> Iterator[Office]:
    with Rounds(seaweedfs.endpoint_url) as proxy:
        yield office_at(tmp_path, seaweedfs, proxy)


def watched(office: Office, person: Person, *words: str) -> Watched:
    assert isinstance(office.proxy, Rounds)
    found = office.proxy.watch(person, *words)
    assert found.code == 0, f"{found.story}\n{found.err}"
    return found


def check(found: Watched, job: str) -> None:
    limit = LIMITS[job]
    took, requests = len(found.rounds), found.requests
    if took > limit.most + limit.beside or requests > limit.requests:
        pytest.fail(f"{job}: {took} round trips, {requests} requests; limit {limit}\n{found.story}", pytrace=False)


def write_small(person: Person, count: int = 20) -> None:
    for number in range(count):
        person.write(f"clip {number:02d}.txt", f"clip {number} of {person.name}")


def test_nothing_to_do(office: Office) -> None:
    write_small(office.david)
    office.david.ok("up")
    check(watched(office, office.david, "status"), "`status` of 20 files")
    check(watched(office, office.david), "`s3sync` alone")
    for verb in ("up", "down", "sync"):
        check(watched(office, office.david, verb), "`up`, `down` or `sync`, nothing to do")


def test_one_changed_file(office: Office) -> None:
    david, jan = office.david, office.jan
    write_small(david)
    david.ok("up")
    jan.ok("down")
    david.write("clip 07.txt", "the clip was cut")
    check(watched(office, david, "up"), "`up` of one changed file")
    check(watched(office, jan, "down"), "`down` of one changed file")
    assert jan.read("clip 07.txt") == b"the clip was cut"
    david.write("clip 08.txt", "this one, too")  # what a store honours when it copies is found out once
    david.ok("sync")
    jan.ok("sync")
    david.write("clip 07.txt", "the clip was cut again")
    check(watched(office, david, "sync"), "`sync` that sends one changed file")
    check(watched(office, jan, "sync"), "`sync` that fetches one changed file")
    assert jan.read("clip 07.txt") == b"the clip was cut again"


def test_what_people_ask_each_other(office: Office) -> None:
    david, jan = office.david, office.jan
    write_small(david)
    david.ok("up")
    jan.ok("down")
    name = "clip 07.txt"
    check(watched(office, david, "conflicts"), "`conflicts`")
    for words in (("log",), ("log", name), ("inbox",)):
        check(watched(office, david, *words), "`log` or `inbox`")
    for words in (("who",), ("who", name), ("members", "list")):
        check(watched(office, david, *words), "`who`, or `members list`")
    check(watched(office, david, "lock", name), "`lock` of a file")
    check(watched(office, jan, "locks"), "`locks`, with one")
    check(watched(office, david, "unlock", name), "`unlock` of a file")
    check(watched(office, david, "share", name), "`share` of a file")


def test_first_contact_with_one_file(office: Office) -> None:
    office.david.write("clip.txt", "the first")
    check(watched(office, office.david, "up"), "first `up` of one file to a strange store")
    assert office.stored("clip.txt") == b"the first"


def test_first_contact_with_twenty_files(office: Office) -> None:
    david, jan = office.david, office.jan
    write_small(david)
    check(watched(office, david, "up"), "first `up` of 20 files to a strange store")
    check(watched(office, jan, "down"), "first `down` of 20 files")
    assert jan.files() == david.files()
    (david.repo / "b64-trailer" / "s3-staging").mkdir(parents=True)
    for path in david.staging.glob("*.txt"):
        (david.repo / "b64-trailer" / "s3-staging" / path.name).write_bytes(path.read_bytes() + b" of the trailer")
    check(watched(office, david, "up", "b64-trailer"), "first `up` of 20 files of a second project")


def test_large_files(office: Office) -> None:
    office.david.write("film.mp4", content(40 * MIB))
    check(watched(office, office.david, "up"), "first `up` of 40 MiB to a strange store")
    assert office.stored("film.mp4") == content(40 * MIB)
    office.david.write("sequel.mp4", content(40 * MIB, seed=2))
    check(watched(office, office.david, "up"), "`up` of another file of 40 MiB")


def test_every_project(office: Office) -> None:
    """100 projects of 3 files, each in the store and here, by somebody else's hand."""
    names = [f"c{number:02d}" for number in range(100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: put_project(office, name), names))
    found = watched(office, office.david, "status", "--all", "--json")
    projects = {project["project"]: project for project in found.json["projects"]}
    assert [projects[name]["counts"] for name in names] == [{"in_sync": 3}] * 100
    check(found, "`status --all` of 100 projects")
    found = watched(office, office.david, "up", "--all", "--json")
    assert [len(project["skipped"]) for project in found.json["projects"]] == [0, *[3] * 100]
    check(found, "`up --all` of 100 projects, nothing to do")
    for text in ("was cut", "was cut again"):  # what the store honours is found out once in each project
        for name in names[:50]:
            (office.david.repo / name / "s3-staging/0.txt").write_text(f"the clip of {name} {text}")
        if text == "was cut":
            office.david.ok("up", "--all", cwd=office.david.repo)
    found = watched(office, office.david, "up", "--all", "--json")
    changed = [project["uploaded"] for project in found.json["projects"] if project["project"] in names[:50]]
    assert [[file["name"] for file in some] for some in changed] == [["0.txt"]] * 50
    check(found, "`up --all` of 100 projects, one file changed in 50")


def put_project(office: Office, name: str) -> None:
    staging = office.david.repo / name / "s3-staging"
    staging.mkdir(parents=True)
    files = []
    for number in range(3):
        body = f"{name} {number}".encode()
        (staging / f"{number}.txt").write_bytes(body)
        key = f"{office.prefix}/{REPO}/{name}/{number}.txt"
        etag = office.s3.put_object(Bucket=office.server.bucket, Key=key, Body=body)["ETag"].strip('"')
        md5 = hashlib.md5(body).hexdigest()
        known = {"name": f"{number}.txt", "size_bytes": len(body), "md5": md5, "etag": etag}
        files.append({**known, "uploaded_by": "jan", "uploaded_at": "2025-11-03T10:00:00Z"})
    body = json.dumps({"project_id": name, "repo": REPO, "files": files, **LAST_SYNC}).encode()
    office.s3.put_object(Bucket=office.server.bucket, Key=f"{office.prefix}/{REPO}/{name}/metadata.json", Body=body)


def test_no_limit_is_above_its_budget() -> None:
    assert {job for job, limit in LIMITS.items() if limit.budget is not None and limit.most > limit.budget} == set()


def test_the_document_has_these_numbers() -> None:
    rows = re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \| ", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    told = {job: (int(most), int(requests)) for job, most, requests in rows if job in LIMITS}
    assert told == {job: (limit.most, limit.requests) for job, limit in LIMITS.items()}

"""Memory does not grow with the size of a file, nor with their number."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.peak import peak_mib
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.scenarios.transfers.conftest import Office, content

pytestmark = pytest.mark.slow

LIMIT_MIB = 150


def one_of_200_mb(person: Person) -> None:
    person.write("film.mp4", content(200 * 10**6))


def two_thousand(person: Person) -> None:
    folder = Path(person.staging)
    for number in range(2000):
        (folder / f"{number % 20}").mkdir(exist_ok=True)
        (folder / f"{number % 20}" / f"{number}.txt").write_bytes(b"%d" % number * 500)


@pytest.mark.seaweedfs
@pytest.mark.parametrize("files", [one_of_200_mb, two_thousand])
def test_peak_of_up_and_down(
    office: Office, files: Callable[[Person], None], record_property: Callable[[str, object], None]
) -> None:
    files(office.david)
    for person, verb in ((office.david, "up"), (office.jan, "down")):
        person.environ = {**person.environ, "AWS_ENDPOINT_URL": office.server.endpoint_url}
        peak, _ = peak_mib(person, 0, verb)
        record_property(verb, round(peak))
        print(f"{verb}: {peak:.0f} MiB")
        assert peak < LIMIT_MIB
    assert office.jan.files() == office.david.files()


def fill(person: Person, store: Path, count: int) -> None:
    """The same files here and, put there by another tool and recorded, in a store."""
    there = store / REPO / PROJECT
    records = []
    for number in range(count):
        name, body = f"{number // 500:03}/{number:06}.txt", b"%064d" % number
        for folder in (person.staging, there):
            if number % 500 == 0:
                (folder / name).parent.mkdir(parents=True)
            (folder / name).write_bytes(body)
        md5 = hashlib.md5(body).hexdigest()
        times = {"uploaded_at": "2025-11-03T10:00:00Z", "modified_at": "2025-11-03T09:58:12Z"}
        records.append({"name": name, "size_bytes": 64, "uploaded_by": "jan", "md5": md5, **times})
    (there / "metadata.json").write_text(json.dumps({"files": records}, indent=2))


def peaks(person: Person, count: int) -> dict[str, float]:
    """Of commands that agree on all files, and that look at them."""
    found = {}
    for words in (["sync", "--json"], ["status", "--json"], ["sync", "--dry-run"], ["verify"]):
        found[" ".join(words)], result = peak_mib(person, 0, *words)
        if "--json" in words:
            said = result.json
            files = said["files"] if words[0] == "status" else said["skipped"]
            assert Counter(file["state"] for file in files) == Counter({"in_sync": count})
    print(found)
    return found


@pytest.mark.skipif("S3SYNC_BIG" not in os.environ, reason="takes minutes: S3SYNC_BIG=1 runs it")
@pytest.mark.timeout(7200)
def test_peak_with_a_hundred_thousand_files(tmp_path: Path) -> None:
    """Or as many more as S3SYNC_BIG says."""
    count = max(100_000, int(os.environ["S3SYNC_BIG"]))
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.patience_s = 3600
    fill(david, tmp_path / "store", count)
    assert max(peaks(david, count).values()) < LIMIT_MIB

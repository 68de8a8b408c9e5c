"""A batch job on a catalogue of ten million archives: planned, listed, and its report read back, in little memory.

The steps run in a process of their own, whose peak is what counts. The store is a folder, and the report is one that
says of each object that it is right.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from s3sync.archive.batch import tasks
from s3sync.archive.batch.run import Batch, put_lines
from s3sync.archive.carrier import open_carrier
from s3sync.archive.catalogue import Catalogue
from s3sync.store import StoreOptions, open_store

if TYPE_CHECKING:
    from benchlib.lab import Lab

BLOCK = 10_000
SUM = "crc64nvme:AAAAAAAAAAA="
MESSAGE = json.dumps({"checksum_base64": "AAAAAAAAAAA=", "checksumAlgorithm": "CRC64NVME"})
MOST_MB = 300


def batch_scale(lab: Lab) -> None:
    """Run the steps in a process of their own, and note their times and the peak."""
    from benchlib.lab import Budget
    from benchlib.measure import Command, run
    from benchlib.tools import Ours

    archives = lab.sizes.batch
    sample = run(
        Command([sys.executable, __file__, str(lab.work), str(archives)], {"PYTHONPATH": str(_root())}, _root())
    )
    lab.say(f"batch-scale: {archives:,} archives in {sample.wall:.0f} s, {sample.peak:.0f} MB")
    lab.add("batch-scale", "plan, list and read back, s", {Ours.name: sample.wall})
    budget = Budget(f"under {MOST_MB}", lambda ours, ratio: ours < MOST_MB)
    lab.add("batch-scale", "peak MB", {Ours.name: sample.peak}, budget)


def _root() -> Path:
    return Path(__file__).resolve().parents[2]


def build(catalogue: Catalogue, count: int) -> None:
    """Archives as a run would have recorded them, without members."""
    columns = (
        "key, unit, name, set_name, pack, status, size, original_size, files, uploaded_at, created_by, storage_class,"
        " crc64nvme, volume, volumes, tags, fields"
    )
    sql = f"INSERT INTO archive ({columns}) VALUES ({', '.join('?' * 17)})"
    rest = ("s", "tar", "stored", 1, 1, 1, "2025-01-01T00:00:00Z", "david", "DEEP_ARCHIVE", SUM, 1, 1, "{}", "{}")
    for start in range(0, count, BLOCK):
        numbers = range(start, min(start + BLOCK, count))
        catalogue.execute_many(sql, [(f"raw/{n:09}.tar", f"u{n}", f"u{n}", *rest) for n in numbers])


def lines(catalogue: Catalogue, job: tasks.Job) -> Iterator[bytes]:
    """Lines of a report on all objects of a job."""
    for one in tasks.tasks_of(catalogue, job):
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(
            ["lab", one.key, "", "succeeded", "", "200", MESSAGE]
        )
        yield out.getvalue().encode()


def main(folder: Path, count: int) -> None:
    """The steps of a job, each with its time and the peak so far."""
    store = open_store(f"file://{folder}/store", StoreOptions(create=True))
    with Catalogue(folder / "c.db") as catalogue, open_carrier(store, "david") as carrier:
        _step("built", lambda: build(catalogue, count))
        job = tasks.new_job(catalogue, tasks.VERIFY, "CRC64NVME", {}, "2025-01-01T00:00:00Z")
        found = tasks.checkable(catalogue, "CRC64NVME", "s", None)
        _step("planned", lambda: tasks.add_tasks(catalogue, job, found))
        batch = Batch(carrier, catalogue, "lab", "", "role")
        _step("listed", lambda: put_lines(store, job.manifest, tasks.manifest_lines(catalogue, job, "lab", "")))
        key = f"{job.reports}/job-{job.id}/results.csv"
        digest = hashlib.md5(usedforsecurity=False)

        def hashed() -> Iterator[bytes]:
            for line in lines(catalogue, job):
                digest.update(line)
                yield line

        _step("report made", lambda: put_lines(store, key, hashed()))
        entry = {"TaskExecutionStatus": "succeeded", "Bucket": "lab", "MD5Checksum": digest.hexdigest(), "Key": key}
        text = json.dumps({"Format": "Report_CSV_20180820", "Results": [entry]}).encode()
        put_lines(store, f"{job.reports}/job-{job.id}/manifest.json", iter([text]))
        _step("read back", lambda: batch.read_back(job))
        right = sum(not (still_open or wrong) for _, still_open, wrong, _ in tasks.archives_by_state(catalogue, job))
        assert right == count, right


def _step(name: str, do: object) -> None:
    began = time.monotonic()
    do()  # type: ignore[operator]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{name}: {time.monotonic() - began:.0f} s, peak {peak:.0f} MB\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""Batch jobs: what S3 is asked for by its own model, the manifest, and reports that nobody should believe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from s3sync.archive.batch import tasks
from s3sync.archive.batch.report import File, files_of, forms_of, judged, rows_of, sums_in
from s3sync.archive.batch.run import MOST_FOREIGN, Batch, operation_of, put_lines
from s3sync.archive.batch.tasks import Job, Task
from s3sync.archive.catalogue import Catalogue
from s3sync.core.archive.engines import parse_engine
from s3sync.errors import AccessDenied, ArchiveError, NotFound, Unreachable
from s3sync.store import StoreOptions, open_store
from s3sync.store.batching import Order, require_batches
from s3sync.store.port import Headers, Overwrite, Store
from s3sync.store.wrapped import Wrapped

JOB = Job("t" * 32, tasks.VERIFY, "CRC64NVME", {}, "2026-01-01T00:00:00Z", "e", "1111-2222")
KEYS = {"AWS_ACCESS_KEY_ID": "a" * 20, "AWS_SECRET_ACCESS_KEY": "b" * 40}


def order(operation: Mapping[str, Any]) -> Order:
    return Order(operation, "t" * 32, JOB.manifest, "etag", JOB.reports, "s3sync-batch-lab", "s3sync: verify")


@pytest.mark.parametrize(
    ("kind", "algorithm", "options"),
    [
        (tasks.VERIFY, "CRC64NVME", {}),
        (tasks.VERIFY, "MD5", {}),
        (tasks.VERIFY, "SHA256", {}),
        (tasks.RESTORE, "", {"days": "7", "tier": "Bulk"}),
        (tasks.RESTORE, "", {"days": "1", "tier": "Standard"}),
        (tasks.TAG, "", {"s3sync-move": "GLACIER", "set": "x"}),
    ],
)
def test_what_is_asked_for_fits_the_model_of_s3(kind: str, algorithm: str, options: dict[str, str]) -> None:
    """botocore's own Stubber refuses what S3 would."""
    store = open_store("s3://lab/deep", StoreOptions(region="eu-west-1", env=KEYS))
    batches: Any = require_batches(store)
    batches._account = "123456789012"
    stub = Stubber(batches._control())
    names = "AccountId ConfirmationRequired Operation ClientRequestToken Description Priority Report"
    asked: dict[str, Any] = dict.fromkeys(names.split(), ANY)
    asked["RoleArn"] = "arn:aws:iam::123456789012:role/s3sync-batch-lab"
    asked["Manifest"] = {
        "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]},
        "Location": {"ObjectArn": f"arn:aws:s3:::lab/deep/{JOB.manifest}", "ETag": "etag"},
    }
    stub.add_response("create_job", {"JobId": "job-1"}, asked)
    summary = {"TotalNumberOfTasks": 3, "NumberOfTasksSucceeded": 2, "NumberOfTasksFailed": 1}
    stub.add_response("describe_job", {"Job": {"Status": "Complete", "ProgressSummary": summary}})
    stub.add_client_error("describe_job", "NoSuchJob", http_status_code=404)
    stub.add_client_error("describe_job", "AccessDenied", http_status_code=403)
    operation = operation_of(Job("t", kind, algorithm, options, ""))
    with stub:
        assert batches.create_job(order(operation)) == "job-1"
        state = batches.job("job-1")
        assert (state.status, state.total, state.succeeded, state.failed) == ("Complete", 3, 2, 1)
        with pytest.raises(NotFound):
            batches.job("job-1")
        with pytest.raises(AccessDenied) as refused:
            batches.job("job-1")
    assert "setup policy --batch" in str(refused.value.hint)


def test_a_kind_that_no_s3sync_made_begins_nothing() -> None:
    with pytest.raises(ArchiveError):
        operation_of(Job("t", "delete", "", {}, ""))


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "c.db")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"file://{tmp_path}/store", StoreOptions(create=True))


def test_the_manifest_has_a_line_for_each_object_with_its_key_as_in_a_url(catalogue: Catalogue) -> None:
    job = tasks.new_job(catalogue, tasks.VERIFY, "MD5", {}, "now")
    names = ["b c.tar", 'a,"x"\n.tar', "ü+%/é.tar"]
    assert tasks.add_tasks(catalogue, job, (Task(name, name) for name in names)) == 3
    lines = b"".join(tasks.manifest_lines(catalogue, job, "lab", "deep/")).decode()
    assert lines.splitlines() == [
        "lab,deep/a%2C%22x%22%0A.tar",
        "lab,deep/b%20c.tar",
        "lab,deep/%C3%BC%2B%25/%C3%A9.tar",
    ]


def test_a_job_that_was_only_planned_is_no_job(catalogue: Catalogue) -> None:
    planned = tasks.new_job(catalogue, tasks.VERIFY, "MD5", {}, "1")
    agreed = tasks.agree(catalogue, tasks.new_job(catalogue, tasks.VERIFY, "MD5", {}, "2"))
    tasks.add_tasks(catalogue, planned, [Task("a", "a")])
    assert tasks.begun(catalogue, tasks.VERIFY) == [agreed] and tasks.count_of(catalogue, planned) == (0, 0)


def put(store: Store, key: str, body: bytes) -> None:
    store.put(key, body, mode=Overwrite(), headers=Headers(), md5=hashlib.md5(body).digest())


def entry(**other: str) -> dict[str, str]:
    key, md5 = f"deep/{JOB.reports}/job-{JOB.id}/results/x.csv", "0" * 32
    return {"TaskExecutionStatus": "succeeded", "Bucket": "lab", "MD5Checksum": md5, "Key": key, **other}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[1]",
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({"Format": "Report_CSV_20180820"}).encode(),
        json.dumps({"Format": "Other", "Results": []}).encode(),
        json.dumps({"Format": "Report_CSV_20180820", "Results": [entry(Bucket="elsewhere")]}).encode(),
        json.dumps({"Format": "Report_CSV_20180820", "Results": [entry(Key="deep/raw/m1.tar")]}).encode(),
        json.dumps({"Format": "Report_CSV_20180820", "Results": [entry(MD5Checksum="x")]}).encode(),
        json.dumps(
            {"Format": "Report_CSV_20180820", "Results": [entry(Key=f"deep/{JOB.reports}/../../secret.csv")]}
        ).encode(),
        json.dumps({"Format": "Report_CSV_20180820", "Results": [entry(), entry()]}).encode(),
        b" " * (9 * 1024 * 1024),
    ],
)
def test_a_list_that_is_no_report_of_this_job_is_refused(text: bytes, store: Store) -> None:
    put(store, f"{JOB.reports}/job-{JOB.id}/manifest.json", text)
    with pytest.raises(ArchiveError, match="cannot use the report") as refused:
        files_of(store, JOB, "lab", "deep/")
    assert refused.value.why != "it is not there"


def test_a_list_names_files_below_its_own_prefix(store: Store) -> None:
    text = json.dumps({"Format": "Report_CSV_20180820", "Results": [entry()]}).encode()
    put(store, f"{JOB.reports}/job-{JOB.id}/manifest.json", text)
    assert files_of(store, JOB, "lab", "deep/") == [File(f"{JOB.reports}/job-{JOB.id}/results/x.csv", "0" * 32)]


def test_a_list_that_is_not_there_is_said(store: Store) -> None:
    with pytest.raises(ArchiveError, match="not there"):
        files_of(store, JOB, "lab", "deep/")


LINE = b'"lab","deep/a%20b.tar","","succeeded","","200","{}"\n'


@pytest.mark.parametrize(
    ("body", "md5"),
    [
        (LINE, "0" * 32),
        (LINE * 2, hashlib.md5(LINE).hexdigest()),
        (b'"lab","elsewhere/a","","succeeded","","200",""\n', None),
        (b'"other","deep/a","","succeeded","","200",""\n', None),
        (b'"lab","deep/a"\n', None),
        (b'"lab,deep/a\n', None),
        (b"x" * 100_000, None),
        (b"\x00\xff\n", None),
    ],
)
def test_a_file_of_lines_that_is_not_whole_or_not_ours_is_refused(body: bytes, md5: str | None, store: Store) -> None:
    put(store, "r.csv", body)
    with pytest.raises(ArchiveError, match="cannot use the report"):
        list(rows_of(store, File("r.csv", md5 or hashlib.md5(body).hexdigest()), "lab", "deep/"))


def test_what_a_broken_file_said_before_its_end_is_taken_back(store: Store, catalogue: Catalogue) -> None:
    job = tasks.new_job(catalogue, tasks.VERIFY, "MD5", {}, "now")
    tasks.add_tasks(catalogue, job, [Task("a b.tar", "a b.tar")])
    put(store, "r.csv", LINE)
    with pytest.raises(ArchiveError), catalogue.transaction():
        rows = rows_of(store, File("r.csv", "0" * 32), "lab", "deep/")
        tasks.settle(catalogue, job, (judged(row, None) for row in rows))
    assert [one.state for one in tasks.tasks_of(catalogue, job)] == [tasks.OPEN]


@pytest.mark.parametrize(("lines", "is_read"), [(MOST_FOREIGN, True), (MOST_FOREIGN + 2, False)])
def test_a_report_of_more_lines_than_a_job_has_objects_is_read_to_no_end(
    lines: int, is_read: bool, store: Store, catalogue: Catalogue
) -> None:
    job = replace(tasks.new_job(catalogue, tasks.VERIFY, "MD5", {}, "now"), id=JOB.id)
    tasks.add_tasks(catalogue, job, [Task("a b.tar", "a b.tar")])
    body, name = LINE + LINE.replace(b"a%20b", b"c") * (lines - 1), f"{job.reports}/job-{job.id}/results/x.csv"
    told = entry(Key=f"deep/{name}", MD5Checksum=hashlib.md5(body).hexdigest())
    put(store, name, body)
    text = json.dumps({"Format": "Report_CSV_20180820", "Results": [told]}).encode()
    put(store, f"{job.reports}/job-{job.id}/manifest.json", text)
    batch = Batch(cast("Any", SimpleNamespace(store=store)), catalogue, "lab", "deep/", "role")
    if is_read:
        assert batch.read_back(job) == lines - 1
    else:
        with pytest.raises(ArchiveError, match="more lines than"):
            batch.read_back(job)
        assert [one.state for one in tasks.tasks_of(catalogue, job)] == [tasks.OPEN]


@given(st.text(max_size=200))
def test_any_message_is_a_set_of_checksums(message: str) -> None:
    assert isinstance(sums_in(message), frozenset)


@given(st.binary(min_size=8, max_size=32), st.sampled_from(["checksum_base64", "checksumBase64", "checksum_hex"]))
def test_a_checksum_is_known_in_either_form(raw: bytes, name: str) -> None:
    import base64

    text = raw.hex().upper() if "hex" in name else base64.b64encode(raw).decode()
    told = sums_in(json.dumps({name: text}))
    assert told & forms_of(raw.hex()) and told & forms_of(f"crc64nvme:{base64.b64encode(raw).decode()}")
    assert not told & forms_of((raw + b"x").hex())


def test_a_line_without_a_checksum_proves_nothing() -> None:
    from s3sync.archive.batch.report import Row

    row = Row("a", True, "", "200", "{}")
    assert judged(row, Task("a", "a", expected="00" * 8))[1] == tasks.WRONG
    assert judged(row, Task("a", "a"))[1] == tasks.RIGHT


def test_many_lines_are_one_object(store: Store) -> None:
    line = b"x" * 999 + b"\n"
    put_lines(store, "m.csv", (line for _ in range(40_000)))
    assert store.head("m.csv").info.size == 40_000_000


class Breaking(Wrapped):
    """A store that is away when the second part comes."""

    def put_part(self, key: str, upload_id: str, number: int, body: Any) -> str:
        if number > 1:
            raise Unreachable("the store cannot be reached")
        return super().put_part(key, upload_id, number, body)


def lines_until(error: BaseException) -> Iterator[bytes]:
    yield from (b"x" * 1_000_000 for _ in range(20))
    raise error


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), ArchiveError("the catalogue is damaged")], ids=["Ctrl-C", "catalogue"]
)
def test_lines_that_end_early_leave_no_upload_behind(store: Store, error: BaseException) -> None:
    with pytest.raises(type(error)):
        put_lines(store, "m.csv", lines_until(error))
    with pytest.raises(Unreachable):
        put_lines(Breaking(store), "m.csv", (b"x" * 1_000_000 for _ in range(40)))
    assert list(store.list_uploads("")) == []
    with pytest.raises(NotFound):
        store.head("m.csv")


@pytest.mark.parametrize("text", ["", "s3-batch=x", "dask=", "dask=http://a", "dask=tcp://a b", "dask=tcp://a/../b"])
def test_what_is_no_engine_is_none(text: str) -> None:
    assert parse_engine(text) is None


def test_an_engine_and_its_address() -> None:
    found = parse_engine("dask=tcp://10.0.0.1:8786")
    assert found is not None and (found.name, found.address) == ("dask", "tcp://10.0.0.1:8786")

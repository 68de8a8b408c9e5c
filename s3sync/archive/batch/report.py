"""Completion report of a batch job. Anybody who writes into the bucket may have written it: nothing in it is followed.

It is a list of files, each with its MD5, below the prefix that was asked for; each line of a file is one object. One
that is cut short or altered is refused as a whole, and what it says is noted nowhere.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html
"""

from __future__ import annotations

import binascii
import csv
import hashlib
import re
from collections.abc import Iterator
from urllib.parse import unquote

from msgspec import DecodeError, Struct, ValidationError, field, json

from s3sync.archive.batch.tasks import RIGHT, WRONG, Job, Task
from s3sync.decoding import ready
from s3sync.errors import ArchiveError, NotFound
from s3sync.store.port import Store

MOST_OF_LIST = 8 * 1024 * 1024
MOST_FILES = 50_000
MOST_OF_LINE = 16_384
COLUMNS = 7
AGAIN = "run the command again later: the report may not be whole yet; else look at the job in the console"
_HEX = re.compile(r"[0-9a-f]{32}")


class _Entry(Struct, rename="pascal"):
    bucket: str
    key: str
    task_execution_status: str
    m_d5_checksum: str = field(name="MD5Checksum", default="")


class _List(Struct, rename="pascal"):
    format: str
    results: list[_Entry]


class File(Struct, frozen=True):
    """One file of results, by its key below the store."""

    key: str
    md5: str


class Row(Struct, frozen=True):
    """One line: an object, and what was done with it."""

    key: str
    succeeded: bool
    code: str
    status: str
    message: str


def files_of(store: Store, job: Job, bucket: str, root: str) -> list[File]:
    """Files of a job's report. Raises `ArchiveError` for a list that is not there, or names what is elsewhere."""
    name = f"{job.reports}/job-{job.id}/manifest.json"
    body = bytearray()
    try:
        with store.get(name, start=0, stop=MOST_OF_LIST + 1) as reader:
            for chunk in reader:
                body += chunk
                if len(body) > MOST_OF_LIST:
                    raise _refused(store, name, f"it is larger than {MOST_OF_LIST} bytes")
    except NotFound:
        raise _refused(store, name, "it is not there") from None
    try:
        found = json.decode(bytes(body), type=ready(_List))
    except (DecodeError, ValidationError, RecursionError, UnicodeDecodeError):
        raise _refused(store, name, "it is cut short, or no report") from None
    if found.format != "Report_CSV_20180820" or len(found.results) > MOST_FILES:
        raise _refused(store, name, "it is in no form that is known here")
    below = f"{root}{job.reports}/"
    for one in found.results:
        plain = not set(one.key.split("/")) & {"", ".", ".."}
        if one.bucket != bucket or not one.key.startswith(below) or not plain or not _HEX.fullmatch(one.m_d5_checksum):
            raise _refused(store, name, "it names a file that is not of this job")
    if len({one.key for one in found.results}) < len(found.results):
        raise _refused(store, name, "it names a file twice")
    return [File(one.key.removeprefix(root), one.m_d5_checksum) for one in found.results]


def rows_of(store: Store, file: File, bucket: str, root: str) -> Iterator[Row]:
    """Lines of a file. Raises `ArchiveError` at its end if it is not what the list says, so believe none before."""
    digest, rest = hashlib.md5(usedforsecurity=False), b""
    try:
        with store.get(file.key) as reader:
            for chunk in reader:
                digest.update(chunk)
                *lines, rest = (rest + bytes(chunk)).split(b"\n")
                for line in lines:
                    yield _row(store, file, line, bucket, root)
                if len(rest) > MOST_OF_LINE:
                    raise _refused(store, file.key, "a line of it does not end")
    except NotFound:
        raise _refused(store, file.key, "it is not there") from None
    if rest.strip():
        yield _row(store, file, rest, bucket, root)
    if digest.hexdigest() != file.md5:
        raise _refused(store, file.key, "it is cut short, or was altered: its MD5 is another one")


def _row(store: Store, file: File, line: bytes, bucket: str, root: str) -> Row:
    text = line.decode("utf-8", "replace").rstrip("\r")
    if len(line) > MOST_OF_LINE:
        raise _refused(store, file.key, "a line of it does not end")
    try:
        fields = next(csv.reader([text], strict=True))
    except (csv.Error, StopIteration):
        fields = []
    key = unquote(fields[1]) if len(fields) == COLUMNS else ""
    if len(fields) != COLUMNS or fields[0] != bucket or not key.startswith(root):
        raise _refused(store, file.key, "a line of it is not of this job")
    return Row(key.removeprefix(root), fields[3].lower() == "succeeded", fields[4], fields[5], fields[6])


def judged(row: Row, task: Task | None) -> tuple[str, str, str]:
    """Key, state and reason of one line; `task` has the checksum that is to be, where one is computed."""
    if not row.succeeded:
        why = " ".join(part for part in (row.code, row.status, row.message[:200]) if part)
        return row.key, WRONG, f"S3 could not do it: {why or 'no reason was told'}"
    if task is None or not task.expected:
        return row.key, RIGHT, ""
    told = sums_in(row.message)
    if not told:
        return row.key, WRONG, "the report has no checksum of it"
    return (row.key, RIGHT, "") if told & forms_of(task.expected) else (row.key, WRONG, "its checksum is another one")


def sums_in(message: str) -> frozenset[str]:
    """Checksums that the message of a line tells, in hexadecimal or Base64."""
    for text in (message, unquote(message)):
        try:
            found = json.decode(text.encode(), type=dict[str, object])
        except (DecodeError, ValidationError, RecursionError):
            continue
        names = {name.lower().replace("_", ""): value for name, value in found.items()}
        told = (names.get("checksumbase64"), names.get("checksumhex"), names.get("checksum"))
        return frozenset(_form(one) for one in told if isinstance(one, str) and one)
    return frozenset()


def forms_of(expected: str) -> frozenset[str]:
    """A checksum as it is kept (`crc64nvme:Base64`, or hexadecimal), in the forms that a report has."""
    plain = expected.rpartition(":")[2]
    try:
        raw = bytes.fromhex(plain)
    except ValueError:
        try:
            raw = binascii.a2b_base64(plain, strict_mode=True)
        except ValueError:
            return frozenset()
    return frozenset({raw.hex(), binascii.b2a_base64(raw, newline=False).decode()})


def _form(told: str) -> str:
    return told.lower() if re.fullmatch(r"[0-9A-Fa-f]+", told) else told


def _refused(store: Store, name: str, why: str) -> ArchiveError:
    return ArchiveError(f"cannot use the report {store.url}/{name}", why=why, hint=AGAIN)

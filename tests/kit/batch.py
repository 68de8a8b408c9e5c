"""S3 Batch Operations in small: a server at an address of its own that does on a real one what a job's manifest says.

It reads the manifest, does the operation on each object with a client, and writes the completion report as S3 does: a
list, and a file of lines for what succeeded and for what failed. The token makes two requests one job. A cold object's
checksum is the one that the server keeps, as no emulator reads what is cold. Needs no pytest.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from tests.kit.servers import Server, free_ports

NAMESPACE = "{http://awss3control.amazonaws.com/doc/2018-08-20/}"
SUMS = {"CRC64NVME": "ChecksumCRC64NVME", "SHA256": "ChecksumSHA256"}


@dataclass
class Done:
    """One job as it was asked for, and what became of it."""

    id: str
    order: ET.Element
    asked: int = 0
    succeeded: int = 0
    failed: int = 0
    status: str = "New"


@dataclass
class Batch:
    """`slow`: how often a job is asked about before it is complete. What else is set breaks its reports."""

    server: Server
    port: int
    slow: int = 0
    refuses: bool = False
    ends: str = "Complete"
    fails: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    altered: set[str] = field(default_factory=set)
    cut: str = ""
    """Part of the report that is cut short: "list" or "lines"."""
    list_names: str | None = None
    """Key that the list names in place of its own files."""
    extra_lines: list[list[str]] = field(default_factory=list)
    jobs: dict[str, Done] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    roles: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def begin_anew(self) -> None:
        """Forget all jobs, and break nothing: for the next test."""
        fresh = Batch(self.server, self.port)
        for one in fields(self):
            setattr(self, one.name, getattr(fresh, one.name))

    def create(self, order: ET.Element) -> str:
        token, self.roles = _text(order, "ClientRequestToken"), [*self.roles, _text(order, "RoleArn")]
        if token not in self.tokens:
            self.tokens[token] = f"job-{len(self.jobs):04}-{token[:8]}"
            self.jobs[self.tokens[token]] = Done(self.tokens[token], order)
        return self.tokens[token]

    def ask(self, job_id: str) -> Done | None:
        job = self.jobs.get(job_id)
        if job is None:
            return None
        job.asked += 1
        if job.status in ("New", "Active"):
            job.status = "Active"
            if job.asked > self.slow:
                if self.ends == "Complete":
                    self._work(job)
                job.status = self.ends
        return job

    def _work(self, job: Done) -> None:
        s3 = self.server.client("admin")
        arn = _text(job.order, "Manifest/Location/ObjectArn").partition(":::")[2]
        bucket, _, key = arn.partition("/")
        found = s3.get_object(Bucket=bucket, Key=key)
        assert found["ETag"].strip('"') == _text(job.order, "Manifest/Location/ETag").strip('"')
        fields = [one.text for one in job.order.iterfind(_path("Manifest/Spec/Fields/member"))]
        operation = next(iter(job.order.find(_path("Operation")) or ET.Element("none")))
        rows: dict[str, list[list[str]]] = {"succeeded": [], "failed": []}
        for line in csv.reader(io.StringIO(found["Body"].read().decode())):
            assert len(line) == len(fields), (line, fields)
            version = line[2] if len(line) > 2 else ""
            name = unquote(line[1])
            if name in self.silent:
                continue
            try:
                if name in self.fails:
                    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "x")
                message = self._do(s3, operation, line[0], name, version)
                rows["succeeded"].append([line[0], line[1], version, "succeeded", "", "200", message])
                job.succeeded += 1
            except ClientError as error:
                code = error.response["Error"]["Code"]
                rows["failed"].append([line[0], line[1], version, "failed", code, "403", str(error)])
                job.failed += 1
        rows["succeeded"] += self.extra_lines
        self._report(s3, job, rows)

    def _do(self, s3: Any, operation: ET.Element, bucket: str, key: str, version: str) -> str:
        place = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
        kind = operation.tag.removeprefix(NAMESPACE)
        if kind == "S3InitiateRestoreObject":
            days, tier = int(_text(operation, "ExpirationInDays")), _text(operation, "GlacierJobTier").title()
            s3.restore_object(RestoreRequest={"Days": days, "GlacierJobParameters": {"Tier": tier}}, **place)
            return ""
        if kind == "S3PutObjectTagging":
            tags = [
                {"Key": _text(one, "Key"), "Value": _text(one, "Value")}
                for one in operation.iterfind(_path("TagSet/member"))
            ]
            s3.put_object_tagging(Tagging={"TagSet": tags}, **place)
            return ""
        assert kind == "S3ComputeObjectChecksum", kind
        return json.dumps(self._sum(s3, _text(operation, "ChecksumAlgorithm"), place))

    def _sum(self, s3: Any, algorithm: str, place: dict[str, str]) -> dict[str, str]:
        import base64

        from awscrt import checksums

        try:
            body = s3.get_object(**place)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidObjectState":
                raise
            told = s3.head_object(ChecksumMode="ENABLED", **place)[SUMS[algorithm]]
            raw = base64.b64decode(told)
        else:
            body = body + b"!" if place["Key"] in self.altered else body
            crc = checksums.crc64nvme(body).to_bytes(8, "big")
            digests = {"CRC64NVME": crc, "SHA256": hashlib.sha256(body).digest(), "MD5": hashlib.md5(body).digest()}
            raw = digests[algorithm]
        return {
            "checksum_base64": base64.b64encode(raw).decode(),
            "checksum_hex": raw.hex(),
            "checksumAlgorithm": algorithm,
            "checksumType": "FULL_OBJECT",
        }

    def _report(self, s3: Any, job: Done, rows: dict[str, list[list[str]]]) -> None:
        bucket = _text(job.order, "Report/Bucket").partition(":::")[2]
        below = f"{_text(job.order, 'Report/Prefix')}/job-{job.id}"
        results = []
        for status, lines in rows.items():
            if not lines:
                continue
            out = io.StringIO()
            csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(lines)
            body = out.getvalue().encode()
            digest = hashlib.md5(body).hexdigest()
            key = f"{below}/results/{digest}.csv"
            if self.cut == "lines":
                body = body[: body.rindex(b"\n", 0, -1) + 1]
            s3.put_object(Bucket=bucket, Key=key, Body=body)
            named = self.list_names or key
            results.append({"TaskExecutionStatus": status, "Bucket": bucket, "MD5Checksum": digest, "Key": named})
        told = {
            "Format": "Report_CSV_20180820",
            "ReportCreationDate": "2026-01-01T00:00:00Z",
            "Results": results,
            "ReportSchema": "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage",
        }
        text = json.dumps(told).encode()
        s3.put_object(Bucket=bucket, Key=f"{below}/manifest.json", Body=text[:-20] if self.cut == "list" else text)


def _path(path: str) -> str:
    return "/".join(f"{NAMESPACE}{name}" for name in path.split("/"))


def _text(element: ET.Element, path: str) -> str:
    return element.findtext(_path(path)) or ""


@contextmanager
def batch(server: Server) -> Iterator[Batch]:
    """The server, for as long as the block; `Batch.address` is what a client asks."""
    found = Batch(server, free_ports(1)[0])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            order = ET.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
            if found.refuses:
                self._answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
                return
            self._answer(200, f"<CreateJobResult><JobId>{found.create(order)}</JobId></CreateJobResult>")

        def do_GET(self) -> None:
            job = found.ask(re.sub(r"\?.*", "", self.path).rpartition("/")[2])
            if job is None:
                self._answer(404, "<ErrorResponse><Error><Code>NoSuchJob</Code></Error></ErrorResponse>")
                return
            total = job.succeeded + job.failed
            why = (
                ""
                if job.status != "Failed"
                else (
                    "<FailureReasons><member><FailureCode>ManifestFailed</FailureCode>"
                    "<FailureReason>it cannot be read</FailureReason></member></FailureReasons>"
                )
            )
            self._answer(
                200,
                f"<DescribeJobResult><Job><JobId>{job.id}</JobId><Status>{job.status}</Status><ProgressSummary>"
                f"<TotalNumberOfTasks>{total}</TotalNumberOfTasks><NumberOfTasksSucceeded>{job.succeeded}"
                f"</NumberOfTasksSucceeded><NumberOfTasksFailed>{job.failed}</NumberOfTasksFailed></ProgressSummary>"
                f"{why}</Job></DescribeJobResult>",
            )

        def _answer(self, status: int, body: str) -> None:
            text = f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", found.port), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        http.shutdown()
        http.server_close()
        thread.join()

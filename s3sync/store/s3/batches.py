"""S3 Batch Operations, which are asked for at another address than S3, for an account.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateJob.html
"""

from __future__ import annotations

import re
from typing import Any

from s3sync.core.policy import arn_of
from s3sync.errors import AccessDenied, NotFound
from s3sync.store.batching import JobState, Order
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.requests import Requests
from s3sync.store.s3.services import make_service, service_error

ADDRESS = "AWS_ENDPOINT_URL_S3_CONTROL"
"""Variable of the process environment with the address, where it is not AWS's: that of botocore itself."""
PRIORITY = 10
_ACCOUNT, _JOB = re.compile(r"[0-9]{12}"), re.compile(r"[A-Za-z0-9_-]{5,64}")
_RIGHTS = "`s3sync setup policy --batch` prints the role that is needed, and the right to pass it"
_HINT = "leave --engine out: then this computer does it"
_MOST_TASKS = 2**53


class S3Batches:
    """`batching.Batches` of a bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io
        self._client: Any = None
        self._account: str | None = None

    def create_job(self, order: Order) -> str:
        address = self._io.address
        bucket, account = arn_of(address.bucket, address.region), self.account()
        partition = bucket.split(":")[1]
        answer = self._ask(
            "begin a batch job on",
            "create_job",
            AccountId=account,
            ConfirmationRequired=False,
            Operation=dict(order.operation),
            ClientRequestToken=order.token,
            Description=order.description,
            Priority=PRIORITY,
            RoleArn=f"arn:{partition}:iam::{account}:role/{order.role}",
            Manifest={
                "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]},
                "Location": {"ObjectArn": f"{bucket}/{self._io.key(order.manifest)}", "ETag": order.etag},
            },
            Report={
                "Bucket": bucket,
                "Format": "Report_CSV_20180820",
                "Enabled": True,
                "Prefix": self._io.key(order.reports),
                "ReportScope": "AllTasks",
            },
        )
        found = str(answer.get("JobId", ""))
        if not _JOB.fullmatch(found):
            raise self._io.error(Failure("not_s3"), "begin a batch job on", "")
        return found

    def job(self, job_id: str) -> JobState:
        found = self._ask("ask about the batch job on", "describe_job", AccountId=self.account(), JobId=job_id)
        job = found.get("Job") or {}
        summary = job.get("ProgressSummary") or {}
        names = ("TotalNumberOfTasks", "NumberOfTasksSucceeded", "NumberOfTasksFailed")
        counts = [min(max(int(summary.get(name) or 0), 0), _MOST_TASKS) for name in names]
        reasons = job.get("FailureReasons") or ()
        told = [f"{one.get('FailureCode', '')}: {one.get('FailureReason', '')}" for one in reasons[:3]]
        why = "; ".join(told) or str(job.get("StatusUpdateReason") or job.get("SuspendedCause") or "")
        return JobState(str(job.get("Status", "")), counts[0], counts[1], counts[2], why[:500])

    def account(self) -> str:
        """Number of the account that the keys are of."""
        if self._account is None:
            sts = make_service(self._io, "sts")
            try:
                answer = self._io.attempts("ask who signs for").run(sts.get_caller_identity, from_botocore)
            except RequestFailed as error:
                raise service_error(self._io, error.failure, "ask who signs for", "", "STS", _HINT) from None
            found = str(answer.get("Account", ""))
            if not _ACCOUNT.fullmatch(found):
                raise self._io.error(Failure("not_s3"), "ask who signs for", "")
            self._account = found
        return self._account

    def _ask(self, doing: str, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._io.attempts(doing).run(
                lambda: getattr(self._control(), operation)(**arguments), from_botocore
            )
        except RequestFailed as error:
            if error.failure.code == "NoSuchJob":
                raise NotFound(f"could not {doing} {self._io.url}", why="S3 knows no such job") from None
            found = service_error(self._io, error.failure, doing, "", "S3 Batch Operations", _HINT)
            if isinstance(found, AccessDenied):
                raise AccessDenied(found.message, why=found.why, hint=_RIGHTS) from None
            raise found from None
        return answer

    def _control(self) -> Any:
        if self._client is None:
            other = self._io.env.get(ADDRESS)
            self._client = make_service(self._io, "s3control", endpoint=other)
            if other or self._io.address.endpoint:
                self._client.meta.events.register("before-sign.s3-control", self._without_account)
        return self._client

    def _without_account(self, request: Any, **_: object) -> None:
        """Take the account out of the host's name: only AWS has a host for each."""
        request.url = request.url.replace(f"://{self.account()}.", "://", 1)

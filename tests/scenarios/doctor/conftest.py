"""The doctor and whom it looks at."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from s3sync.doctor import Check, DoctorReport, doctor
from s3sync.store import StoreOptions, open_store
from tests.kit.people import REPO, Person
from tests.kit.servers import Server

NewPatient: TypeAlias = Callable[..., Person]

CONDITIONAL = ["conditional_create", "conditional_replace", "conditional_delete", "conditional_complete"]
CONDITIONAL += ["conditional_copy"]


@pytest.fixture
def new_patient(tmp_path: Path) -> NewPatient:
    """A person whose project holds `draft.mp4`, on a folder store, or as `user` on a server (through `endpoint`)."""

    def make(server: Server | None = None, user: str = "david", endpoint: str | None = None) -> Person:
        environ = {"S3SYNC_STORE": f"file://{tmp_path / 'store'}"}
        if server is not None:
            environ = {**server.environment(user), "S3SYNC_STORE": f"s3://{server.bucket}/{uuid.uuid4().hex}"}
        if endpoint is not None:
            environ["AWS_ENDPOINT_URL"] = endpoint
        person = Person(user, tmp_path / user, {"S3SYNC_REPO": REPO, **environ})
        person.write("draft.mp4", "the first cut")
        (person.repo / ".gitignore").write_text("s3-staging/\n")
        if server is None:
            open_store(environ["S3SYNC_STORE"], StoreOptions(create=True))
        return person

    return make


def examine(person: Person, **more: Any) -> DoctorReport:
    """The doctor in this process, which is much quicker than the command."""
    return doctor(person.project, environ=person.env(), **more)


def by_name(report: DoctorReport) -> dict[str, Check]:
    found = {check.name: check for check in report.checks}
    assert len(found) == len(report.checks), "a check was made twice"
    return found


def levels(report: DoctorReport) -> dict[str, str]:
    return {check.name: check.level.value for check in report.checks}


def not_ok(report: DoctorReport) -> dict[str, str]:
    return {name: level for name, level in levels(report).items() if level != "ok"}


def keys_of(server: Server, person: Person) -> list[str]:
    """Every object of a person's store, and every unfinished upload."""
    bucket, _, prefix = person.environ["S3SYNC_STORE"].removeprefix("s3://").partition("/")
    client = server.client("admin")
    objects = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    uploads = client.list_multipart_uploads(Bucket=bucket, Prefix=prefix).get("Uploads", [])
    return [item["Key"].removeprefix(f"{prefix}/") for item in [*objects, *uploads]]

"""Rules written to a bucket: those of others survive, also when somebody writes at the same time."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from s3sync.archive.rules import look, look_to_add, write
from s3sync.core.archive.lifecycle import move_rule
from s3sync.errors import LostRace, StoreError, Unsupported
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.s3.administration import SMALLEST, S3Administration
from tests.contract.stores import in_folder
from tests.kit.servers import Server

FOREIGN = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}}


class Bucket:
    def __init__(self, server: Server) -> None:
        self.name, self.client = f"rules-{uuid.uuid4().hex[:12]}", server.client()
        self.client.create_bucket(Bucket=self.name)
        self.store: Store = open_store(f"s3://{self.name}/lab", StoreOptions(env=server.environment()))

    def put(self, *rules: dict[str, Any]) -> None:
        self.client.put_bucket_lifecycle_configuration(Bucket=self.name, LifecycleConfiguration={"Rules": list(rules)})

    def ids(self) -> set[str]:
        return {rule["ID"] for rule in self.client.get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"]}


@pytest.fixture
def bucket(moto: Server) -> Bucket:
    return Bucket(moto)


def test_what_somebody_set_after_the_question_is_not_overwritten(bucket: Bucket) -> None:
    bucket.put(FOREIGN)
    view = look(bucket.store, "lab/", ())
    bucket.put(FOREIGN, {**FOREIGN, "ID": "new"})
    with pytest.raises(LostRace, match="somebody changed them"):
        write(bucket.store, view)
    assert bucket.ids() == {"logs", "new"}
    write(bucket.store, look(bucket.store, "lab/", ()))
    assert bucket.ids() > {"logs", "new"}


def test_two_stores_in_one_bucket_keep_their_rules_apart(bucket: Bucket) -> None:
    write(bucket.store, look(bucket.store, "lab/", ()))
    write(bucket.store, look(bucket.store, "films/", ()))
    assert len(bucket.ids()) == 10
    write(bucket.store, look(bucket.store, "lab/", (), remove=True))
    assert all(name.endswith("@films/") for name in bucket.ids())


def test_a_store_that_drops_rules_is_found_out(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    real = S3Administration.put_lifecycle_rules
    monkeypatch.setattr(S3Administration, "put_lifecycle_rules", lambda self, rules: real(self, rules[:-1]))
    with pytest.raises(StoreError, match="not those that were set"):
        write(bucket.store, look(bucket.store, "lab/", ()))


def test_how_small_objects_move_stays_as_the_bucket_has_it(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """moto knows nothing of it: its answer is given the field, and the request is looked at."""
    asked: list[dict[str, Any]] = []
    administration = S3Administration.__new__(S3Administration)

    class Requests:
        address = SimpleNamespace(bucket="bucket")

        def ask(self, doing: str, key: str, operation: str, **arguments: Any) -> None:
            asked.append(arguments)

    administration._io = Requests()  # type: ignore[assignment]
    monkeypatch.setattr(S3Administration, "_read", lambda self, operation, doing: {SMALLEST: "varies_by_storage_class"})
    administration.put_lifecycle_rules([FOREIGN])
    assert asked[0][SMALLEST] == "varies_by_storage_class"


def test_a_folder_has_no_rules(tmp_path: Any) -> None:
    with pytest.raises(Unsupported, match="no bucket to set up"):
        look(in_folder(tmp_path / "store").open(), "", ())


def test_a_rule_for_tagged_archives_is_added_alone_and_stays(bucket: Bucket) -> None:
    """Of the rules that the sets need none is written on the way, and `lifecycle apply` later takes it for its own."""
    bucket.put(FOREIGN)
    view = look_to_add(bucket.store, "lab/", move_rule("DEEP_ARCHIVE", "lab/"))
    assert len(view.difference.added) == 1 and view.difference.others == (view.present[0],)
    write(bucket.store, view)
    assert bucket.ids() == {"logs", "s3sync-archive-move-deep_archive@lab/"}
    assert look_to_add(bucket.store, "lab/", move_rule("DEEP_ARCHIVE", "lab/")).difference.is_empty
    write(bucket.store, look(bucket.store, "lab/", ()))
    assert bucket.ids() > {"logs", "s3sync-archive-move-deep_archive@lab/"}
    write(bucket.store, look_to_add(bucket.store, "lab/", move_rule("STANDARD_IA", "lab/")))
    assert len(bucket.ids()) == 8
    write(bucket.store, look(bucket.store, "lab/", (), remove=True))
    assert bucket.ids() == {"logs"}

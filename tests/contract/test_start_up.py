"""What S3 starts before it is needed: botocore's descriptions, its client, and connections for a large file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from s3sync.aside import Aside
from s3sync.store import StoreOptions, open_store
from s3sync.store.aspects import aspect
from s3sync.store.options import Wire
from s3sync.store.port import Create, Headers, StartsSlowly, Store
from s3sync.store.s3.connections import AHEAD
from s3sync.store.s3.credentials import Credentials
from s3sync.store.s3.models import read_quickly
from tests.contract.stores import MIB, noise, on_server, put, read, send
from tests.kit.proxy import Proxy
from tests.kit.proxy.connection import Connection
from tests.kit.servers import SeaweedFS


class Counting(Proxy):
    """A proxy that counts the connections that were opened to it."""

    opened = 0

    def accepted(self, connection: Connection) -> None:
        with self._changed:
            self.opened += 1
            self._changed.notify_all()


def slow_part(store: Store) -> StartsSlowly:
    found = aspect(store, StartsSlowly)
    assert found is not None
    return found


@pytest.fixture
def loader(tmp_path: Path) -> Any:
    """That of a session which reads quickly, with a folder of the user's own descriptions."""
    import botocore.loaders
    import botocore.session

    session = botocore.session.Session()
    session.register_component("data_loader", botocore.loaders.Loader(extra_search_paths=[str(tmp_path)]))
    read_quickly(session)
    return session.get_component("data_loader")


def test_connections_that_were_opened_ahead_are_used(seaweedfs: SeaweedFS) -> None:
    under_test = on_server(seaweedfs)
    with Counting(seaweedfs.endpoint_url) as proxy:
        env = under_test.env | {"AWS_ENDPOINT_URL_S3": proxy.endpoint_url}
        store = open_store(under_test.url, StoreOptions(env=env))
        slow_part(store).start_up()
        proxy.wait_until(lambda: proxy.opened == AHEAD, what="the connections")
        slow_part(store).start_up()  # of the next project
        upload_id = store.start_upload("film.mp4", Headers())
        body = noise(5 * MIB)
        parts = [send(store, "film.mp4", upload_id, number, body) for number in (1, 2)]
        store.complete_upload("film.mp4", upload_id, parts, mode=Create())
        assert (proxy.opened, proxy.counts["UploadPart"].requests) == (AHEAD, 2)
        assert read(store, "film.mp4", 0, 100) == body[:100]


@pytest.mark.parametrize(
    "env", [{}, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}], ids=["no keys", "no server"]
)
def test_what_fails_is_told_when_it_is_needed(env: dict[str, str], tmp_path: Path) -> None:
    nobody = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path), "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    slow_part(open_store("s3://bucket/x", StoreOptions(env=env | nobody))).start_up()


def test_keys_are_asked_for_once_by_all_that_begin_together(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """Listing, records, and what starts ahead ask at the same time; a program that gives keys may take seconds."""
    under_test, asked = on_server(seaweedfs), tmp_path / "asked"
    keys = {"Version": 1, "AccessKeyId": under_test.env["AWS_ACCESS_KEY_ID"]}
    keys["SecretAccessKey"] = under_test.env["AWS_SECRET_ACCESS_KEY"]
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    (tmp_path / "give").write_text(f"#!/bin/sh\necho one >> {asked}\ncat {tmp_path}/keys.json\n")
    (tmp_path / "give").chmod(0o700)
    (tmp_path / "config").write_text(f"[profile p]\ncredential_process = {tmp_path}/give\n")
    env = {"AWS_CONFIG_FILE": f"{tmp_path}/config", "HOME": str(tmp_path), "AWS_REGION": "us-east-1"}
    options = StoreOptions(endpoint_url=seaweedfs.endpoint_url, env=env, profile="p")
    store = open_store(under_test.url, options)
    with Aside(3, "test") as threads:
        listing = threads.submit(lambda: list(store.list("")))
        starting = threads.submit(slow_part(store).start_up)
        reading = threads.submit(lambda: put(store, "a"))
        assert (listing.exception(), starting.exception(), reading.exception()) == (None, None, None)
    assert store.start_upload("b", Headers())
    assert asked.read_text() == "one\n"


def test_a_proxy_is_asked_for_no_connection(seaweedfs: SeaweedFS) -> None:
    """It is told of each request."""
    under_test = on_server(seaweedfs)
    with Counting(seaweedfs.endpoint_url) as proxy:
        keys = {name: value for name, value in under_test.env.items() if name.startswith("AWS_")}
        options = StoreOptions(env=keys, wire=Wire(proxy=proxy.endpoint_url))
        slow_part(open_store(under_test.url, options)).start_up()
        assert proxy.opened == 0


def test_a_folder_has_nothing_to_start(tmp_path: Path) -> None:
    assert aspect(open_store(tmp_path.as_uri(), StoreOptions()), StartsSlowly) is None


def test_the_descriptions_are_those_that_botocore_reads(loader: Any) -> None:
    import botocore.loaders

    slow = botocore.loaders.Loader()
    for kind in ("service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"):
        theirs, ours = slow.load_service_model("s3", kind), loader.load_service_model("s3", kind)
        assert ours == theirs
        assert json.dumps(ours) == json.dumps(theirs), "in the same order"
    assert loader.load_data("partitions") == slow.load_data("partitions")
    assert {"s3", "sts", "sso"} <= set(loader.list_available_services("service-2"))


def test_descriptions_of_the_users_own(loader: Any, tmp_path: Path) -> None:
    """botocore understands numbers that are none, as Python's reader does."""
    for name, body in {"ours": '{"metadata": {}, "n": 1}', "odd": '{"metadata": {}, "n": NaN}'}.items():
        folder = tmp_path / name / "2026-01-01"
        folder.mkdir(parents=True)
        (folder / "service-2.json").write_text(body)
    assert loader.load_service_model("ours", "service-2") == {"metadata": {}, "n": 1}
    assert loader.load_service_model("odd", "service-2")["n"] != 1


def test_a_service_that_there_is_not(loader: Any, tmp_path: Path) -> None:
    from botocore.exceptions import DataNotFoundError, UnknownServiceError

    (tmp_path / "empty").mkdir()
    for name in ("nothing-of-the-kind", "empty"):
        with pytest.raises((DataNotFoundError, UnknownServiceError)):
            loader.load_service_model(name, "service-2")


def test_the_session_of_a_store_reads_quickly(tmp_path: Path) -> None:
    session = Credentials(None, {"HOME": str(tmp_path)}).session
    assert type(session.get_component("data_loader").file_loader).__module__ == read_quickly.__module__

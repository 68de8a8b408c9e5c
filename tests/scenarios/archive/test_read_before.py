"""What this computer read as a whole, and is as it was then, is not read again before files are deleted here."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.proxy import Proxy
from tests.kit.servers import Server
from tests.promises.faults.test_clocks import HOUR, SetClock, set_clock, wrong_clock
from tests.scenarios.archive.conftest import put
from tests.scenarios.archive.test_servers import on
from tests.scenarios.transfers.commands import until

__all__ = ["set_clock", "wrong_clock"]
pytestmark = pytest.mark.moto


class Vault:
    """A bucket in which ben has archived a unit that jan has, too. Jan's requests are seen."""

    def __init__(self, server: Server, root: Path, proxy: Proxy, pack: str) -> None:
        self.server, self.proxy, self.prefix = server, proxy, uuid.uuid4().hex
        self.ben, self.jan = (on(server, root / name, self.prefix, pack=pack) for name in ("ben", "jan"))
        self.jan.environ = {**self.jan.environ, "AWS_ENDPOINT_URL": proxy.endpoint_url}
        for person in (self.ben, self.jan):
            put(person.repo, "raw/m42/a.fits", b"light" * 1000)
        self.key = f"{self.prefix}/raw/m42{'/a.fits' if pack == 'none' else '.' + pack}"
        self.ben.ok("archive", "run", cwd=self.ben.repo)

    def reads(self) -> int:
        """How often the archive was read since the last question."""
        found = sum(one.operation == "GetObject" and one.key == self.key for one in self.proxy.log)
        self.proxy.log.clear()
        return found

    def put_again(self, body: bytes | None = None) -> None:
        """Put other bytes, or the same, under the archive's key, with all that it says of itself."""
        client, where = self.server.client("admin"), {"Bucket": self.server.bucket, "Key": self.key}
        found = client.get_object(**where)
        client.put_object(**where, Body=found["Body"].read() if body is None else body, Metadata=found["Metadata"])


@pytest.fixture(params=["none", "tar.gz"])
def vault(request: pytest.FixtureRequest, moto: Server, tmp_path: Path) -> Iterator[Vault]:
    with Proxy(moto.endpoint_url) as proxy:
        yield Vault(moto, tmp_path, proxy, request.param)


def in_an_hour(vault: Vault, set_clock: SetClock) -> Person:
    """Jan, an hour later: what is younger is not told from what may come in the same second."""
    set_clock(vault.jan, HOUR)
    return vault.jan


def test_it_is_known_without_a_second_reading(vault: Vault, set_clock: SetClock) -> None:
    jan = in_an_hour(vault, set_clock)
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    jan.ok("archive", "verify", "m42", "--deep", cwd=jan.repo)
    assert vault.reads() > 0
    done = jan.ok("archive", "run", "--delete-local", "--json", cwd=jan.repo).json["units"][0]
    assert done["verified"] in ("listed", "checksum") and not (jan.repo / "raw/m42").exists()
    assert vault.reads() == 0


def test_what_was_put_there_since_is_read_again_whatever_its_etag(vault: Vault, set_clock: SetClock) -> None:
    jan = in_an_hour(vault, set_clock)
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    jan.ok("archive", "verify", "m42", "--deep", cwd=jan.repo)
    head = vault.server.client("admin").head_object(Bucket=vault.server.bucket, Key=vault.key)

    def is_later() -> bool:
        vault.put_again()
        return bool(_modified(vault) != head["LastModified"])

    until(is_later, "the same bytes, put there in a later second")
    vault.reads()
    jan.ok("archive", "run", "--delete-local", cwd=jan.repo)
    assert vault.reads() > 0


def test_what_is_young_or_garbage_is_never_known(vault: Vault, set_clock: SetClock) -> None:
    jan = vault.jan
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    jan.ok("archive", "verify", "m42", "--deep", cwd=jan.repo)
    in_an_hour(vault, set_clock)
    vault.reads()
    vault.put_again(bytes(len(b"light" * 1000)))
    _forge(vault)
    jan.expect(3, "archive", "verify", "m42", "--deep", cwd=jan.repo)
    jan.expect(3, "archive", "run", "--delete-local", cwd=jan.repo)
    assert vault.reads() > 0 and (jan.repo / "raw/m42/a.fits").exists()


def _modified(vault: Vault) -> object:
    return vault.server.client("admin").head_object(Bucket=vault.server.bucket, Key=vault.key)["LastModified"]


def _forge(vault: Vault) -> None:
    """Let the index fit what lies there now."""
    client, bucket = vault.server.client("admin"), vault.server.bucket
    head = client.head_object(Bucket=bucket, Key=vault.key)
    single = vault.key.endswith(".fits")
    name = f"{vault.prefix}/.s3sync/archive/sessions.jsonl" if single else f"{vault.key}.index.json"
    index = json.loads(client.get_object(Bucket=bucket, Key=name)["Body"].read())
    holder = next(one for one in index["members"] if one["path"] == "a.fits") if single else index
    holder |= {"etag": head["ETag"].strip('"'), "size": head["ContentLength"]}
    index |= {"size": head["ContentLength"], "crc64nvme": None, "md5": None}
    client.put_object(Bucket=bucket, Key=name, Body=json.dumps(index).encode())

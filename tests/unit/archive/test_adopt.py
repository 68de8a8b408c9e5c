"""Keys of other tools read backwards, and headers of tars read without the bodies."""

from __future__ import annotations

import io
import os
import tarfile
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive.carrier import open_carrier
from s3sync.archive.foreign import read_headers
from s3sync.archive.reading import BATCH, batches
from s3sync.core.archive.adopt import KeyPattern
from s3sync.core.archive.values import ArchiveSet, ForeignIndex, Kind, Member, Pack, UnitKind
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite


@pytest.mark.parametrize(
    ("layout", "key", "unit"),
    [
        ("{range}/{id}", "b00-b49/b40-old-project.tar.gz", "b40-old-project"),
        ("{range}/{id}", "b00-b49/b40-old-project.tar", "b40-old-project"),
        ("{range}/{id}", "b50-b99/b40-old-project.tar", None),
        ("{range}/{id}", "b00-b49/x/b40-old.tar", None),
        ("{range}/{id}", "b00-b49/b40-old.zip", None),
        ("{range}/{id}", "b00-b49/b40-old.tar.index.json", None),
        ("raw/{year}/{id}", "raw/2024/M31_20240115.tar", "M31_20240115"),
        ("raw/{year}/{id}", "raw/latest/M31_20240115.tar", None),
        ("{path}", "clients/acme/b1.tar.zst", "clients/acme/b1"),
        ("{object}_{night}", "M31_20240115.tgz", "M31_20240115"),
        ("{captured:%Y/%m/%d}/{stem}", "2025/12/01/DSC.tar", "DSC"),
        ("{captured:%Y/%m/%d}/{stem}", "2025/dec/01/DSC.tar", None),
        ("{id}/{id}", "a/a.tar", "a"),
        ("{id}/{id}", "a/b.tar", None),
        ("a.b/{id}", "axb/c.tar", None),
        ("{path}", ".s3sync/archive/x.tar", None),
    ],
)
def test_a_key_says_which_unit_it_is_of(layout: str, key: str, unit: str | None) -> None:
    fit = KeyPattern(ArchiveSet("s", "s3://b", "*", layout=layout)).fit(key)
    assert (fit.unit if fit else None) == unit


def test_keys_of_single_files_have_their_own_ending() -> None:
    rules = ArchiveSet(
        "s", "s3://b", "*", unit=UnitKind.FILE, layout="cache/{year}/{month}/{md5}.{ext}", pack=Pack.NONE
    )
    fit = KeyPattern(rules).fit("cache/2025/12/d41d8cd98f00b204e9800998ecf8427e.jpg")
    assert fit is not None and fit.fields["ext"] == "jpg" and fit.pack is Pack.NONE
    assert KeyPattern(rules).fit("cache/2025/12/d41d8cd9.jpg") is None


@pytest.mark.parametrize(
    "layout",
    [
        "{object}_{filter}_{night}_{camera}_{id}",
        "{object}{filter}{night}{camera}/{id}",
        "{path}/{path}_{object}_{filter}_{night}_{camera}",
    ],
)
def test_a_key_that_fits_in_many_ways_is_given_up_soon(layout: str) -> None:
    """Whoever writes into the store chooses its keys; a regular expression would try for years."""
    pattern = KeyPattern(ArchiveSet("s", "s3://b", "*", layout=layout))
    assert pattern.fit("_" * 900 + "/x/y.tar") is None
    assert pattern.fit("_" * 450 + "/" + "_" * 450 + "/.tar") is None


def test_a_key_that_fits_after_many_tries_fits_nothing_among_many_ways() -> None:
    pattern = KeyPattern(ArchiveSet("s", "s3://b", "*", layout="{object}_{filter}_{night}/{object}"))
    assert pattern.fit("_" * 20 + "/_.tar") is not None
    assert pattern.fit("_" * 400 + "/_.tar") is None


@pytest.mark.parametrize(
    ("layout", "key", "fields"),
    [
        ("{object}_{night}_{filter}", "M_31_20240115_Ha", {"object": "M_31", "night": "20240115", "filter": "Ha"}),
        ("{object}{filter}/{object}-{night}", "M31/M3-x", {"object": "M3", "filter": "1", "night": "x"}),
        ("{path}/{stem}", "a/b/c", {"path": "a/b", "stem": "c"}),
        ("{id}__{name}", "a___b", {"id": "a_", "name": "b"}),
    ],
)
def test_each_field_takes_as_much_as_it_can(layout: str, key: str, fields: dict[str, str]) -> None:
    fit = KeyPattern(ArchiveSet("s", "s3://b", "*", layout=layout)).fit(f"{key}.tar")
    assert fit is not None and {name: fit.fields[name] for name in fields} == fields


@pytest.mark.parametrize("size", [6, BATCH + 1])
def test_many_hard_links_to_one_file_cost_few_passes(size: int) -> None:
    """Each was a pass over the whole archive, and a thousand of them ended the command."""
    links = [Member(f"links/{n}", Kind.FILE, size, 0o644, 0, offset=512) for n in range(3000)]
    last = Member("last", Kind.FILE, 9, 0o644, 0, offset=2 * BATCH)
    index = ForeignIndex(
        format=1, unit="m42", set="s", key="m42.tar.gz", pack=Pack.TAR_GZ, members=(*links, last), size=1,
        original_size=1, created_at=datetime.now(UTC), created_by="",
    )  # fmt: skip
    found = list(batches(index, index.members))
    assert sorted(one.path for batch in found for one in batch) == sorted(one.path for one in index.members)
    assert len(found) == (1 if size <= BATCH else 3000)


class Counted(FolderStore):
    """A store that counts what it is asked for."""

    asked = 0

    def get(self, key: str, *, start: int = 0, stop: int | None = None, **more: Any) -> Any:
        assert stop is not None
        self.asked += stop - start
        return super().get(key, start=start, stop=stop, **more)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_of_a_plain_tar_the_bodies_are_not_read(tmp_path: Path, form: int) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for number in range(5):
            info = tarfile.TarInfo(f"b1/{'long' * 20}/{'name' * 12}/take{number}.mov")
            info.size = 2_000_000 + number
            archive.addfile(info, io.BytesIO(os.urandom(info.size)))
    body = made.getvalue()
    store = Counted(tmp_path, create=True)
    etag = store.put("b1.tar", body, mode=Overwrite(), headers=Headers(), md5=md5(body).digest()).etag
    with open_carrier(store, "ana") as carrier:
        found = read_headers(carrier, "b1.tar", len(body), etag, Pack.TAR, "b1")
    assert [member.size for member in found.members] == [2_000_000 + number for number in range(5)]
    assert all(member.path.startswith("longlong") for member in found.members)
    assert store.asked < 200_000

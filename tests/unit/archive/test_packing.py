"""Containers that other programs open, and uploads that resume with the same bytes."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from s3sync.archive.carrier import Carrier, open_carrier
from s3sync.archive.content import SMALLEST_PART
from s3sync.archive.indexes import read_index, read_rows
from s3sync.archive.journal import Journal
from s3sync.archive.place import Destination
from s3sync.archive.reading import tar_bytes
from s3sync.archive.restore import restore_unit
from s3sync.archive.send import is_archived, send_unit
from s3sync.archive.stream import TarStream
from s3sync.archive.volumes import known_indexes
from s3sync.core.archive.values import Kind, Pack
from s3sync.errors import Halt, LocalError, SourceChanged
from s3sync.store import Store
from tests.contract.stores import in_folder
from tests.unit.archive.packing import rules_of, unit_of

MIB = 1024 * 1024
NO_UTF8 = os.fsdecode(b"no-utf8-\xff\xfe.txt")
PACKED = [Pack.TAR, Pack.TAR_GZ, Pack.TAR_ZST]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return in_folder(tmp_path / "store").open()


@pytest.fixture
def carrier(store: Store) -> Iterator[Carrier]:
    with open_carrier(store, "jan") as opened:
        yield opened


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with names and things of many kinds."""
    root = tmp_path / "b40-film"
    (
        root / "cut" / "ein sehr langer Ordnername, der für sich allein schon fast hundert Zeichen hat, ja wirklich"
    ).mkdir(parents=True)
    (root / "empty").mkdir()
    long = root / "cut" / "ein sehr langer Ordnername, der für sich allein schon fast hundert Zeichen hat, ja wirklich"
    (long / "Fassung mit Umlauten äöü.txt").write_text("a")
    (root / "plain.txt").write_text("plain\n" * 1000)
    (root / "zero.bin").write_bytes(b"")
    (root / "random.bin").write_bytes(os.urandom(9 * MIB + 17))
    (root / "zeros.bin").write_bytes(bytes(11 * MIB))
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "to-plain").symlink_to("plain.txt")
    (root / NO_UTF8).write_text("bytes")
    os.utime(root / "plain.txt", ns=(10**18 + 123456789, 10**18 + 123456789))
    return root


def read(store: Store, key: str) -> bytes:
    with store.get(key) as reader:
        return b"".join(bytes(chunk) for chunk in reader)


def unpacked_with(command: list[str], body: bytes, into: Path) -> None:
    into.mkdir()
    result = subprocess.run([*command, "-C", os.fspath(into)], input=body, capture_output=True)
    assert result.returncode == 0, result.stderr


def same_tree(one: Path, other: Path) -> bool:
    return subprocess.run(["diff", "-r", "--no-dereference", one, other], capture_output=True).returncode == 0


@pytest.mark.parametrize("pack", PACKED)
def test_gnu_tar_unpacks_what_was_sent(
    pack: Pack, carrier: Carrier, journal: Journal, tree: Path, tmp_path: Path
) -> None:
    unit = unit_of(tree, pack=pack)
    send_unit(carrier, rules_of(pack), unit, journal)
    option = {Pack.TAR: "-xf", Pack.TAR_GZ: "-xzf", Pack.TAR_ZST: "--zstd -xf"}[pack]
    unpacked_with(["tar", *option.split(), "-"], read(carrier.store, unit.key), tmp_path / "out")
    assert same_tree(tree, tmp_path / "out" / "b40-film")
    assert (tmp_path / "out" / "b40-film" / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out" / "b40-film" / "plain.txt").stat().st_mtime == 10**9
    assert known_indexes(carrier, rules_of(pack), unit) == (read_index(carrier.store, unit.key),)
    assert is_archived(read_index(carrier.store, unit.key), unit)


@pytest.mark.parametrize(("pack", "command"), [(Pack.TAR_GZ, "gzip"), (Pack.TAR_ZST, "zstd")])
def test_the_plain_tools_find_the_same_tar_in_it(
    pack: Pack, command: str, carrier: Carrier, journal: Journal, tree: Path
) -> None:
    send_unit(carrier, rules_of(Pack.TAR), plain := unit_of(tree), journal)
    send_unit(carrier, rules_of(pack), unit := unit_of(tree, pack=pack), journal)
    result = subprocess.run([command, "-dc"], input=read(carrier.store, unit.key), capture_output=True, check=True)
    assert result.stdout == read(carrier.store, plain.key)
    with tarfile.open(fileobj=io.BytesIO(result.stdout)) as archive:
        assert [name.rstrip("/") for name in archive.getnames()] == [f"b40-film/{one.path}" for one in unit.sources]


@pytest.mark.parametrize("pack", PACKED)
def test_every_member_is_where_the_index_says(pack: Pack, carrier: Carrier, journal: Journal, tree: Path) -> None:
    unit = unit_of(tree, pack=pack)
    index, sent = send_unit(carrier, rules_of(pack), unit, journal)
    assert sent == index.size == carrier.store.head(unit.key).info.size
    plain = read(carrier.store, unit.key)
    if pack is not Pack.TAR:
        plain = subprocess.run(
            ["gzip" if pack is Pack.TAR_GZ else "zstd", "-dc"], input=plain, capture_output=True, check=True
        ).stdout
    for member in index.members:
        if member.kind is Kind.FILE:
            assert plain[member.offset : member.offset + member.size] == (tree / member.path).read_bytes()


@pytest.mark.parametrize("pack", PACKED)
def test_same_files_give_same_bytes(pack: Pack, tree: Path, tmp_path: Path) -> None:
    made = []
    for number in range(2):
        store = in_folder(tmp_path / f"store{number}").open()
        with open_carrier(store, "jan") as carrier, Journal(tmp_path / f"{number}.db") as journal:
            send_unit(carrier, rules_of(pack), unit := unit_of(tree, pack=pack), journal)
        made.append(read(store, unit.key))
    assert made[0] == made[1]


class Broken(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("pack", [*PACKED, Pack.NONE])
@pytest.mark.parametrize("after", [0, 1, 2, 3, "complete"])
def test_an_upload_resumes_behind_the_last_part_with_the_same_bytes(
    pack: Pack, after: int | str, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "noise.bin").write_bytes(os.urandom(20 * MIB))
    if pack is Pack.NONE:
        (tree / NO_UTF8).unlink()
    unit = unit_of(tree, pack=pack)
    store = in_folder(tmp_path / "store").open()
    sent = list[int]()

    def put_part(self: object, key: str, upload_id: str, number: int, body: object) -> str:
        if len(sent) == after:
            raise Broken
        sent.append(number)
        return real_put_part(store, key, upload_id, number, body)  # type: ignore[arg-type]

    def complete(*given: object, **more: object) -> str:
        real_complete(*given, **more)  # type: ignore[arg-type]
        raise Broken

    kind = type(store)
    real_put_part, real_complete = kind.put_part, kind.complete_upload
    with monkeypatch.context() as patched:
        if after == "complete":
            patched.setattr(kind, "complete_upload", complete)
        else:
            patched.setattr(kind, "put_part", put_part)
        with (
            open_carrier(store, "jan") as carrier,
            Journal(tmp_path / "journal.db") as journal,
            pytest.raises(Broken),
        ):
            send_unit(carrier, rules_of(pack), unit, journal)
    with open_carrier(store, "jan") as carrier, Journal(tmp_path / "journal.db") as journal:
        index, again = send_unit(carrier, rules_of(pack), unit, journal)
        assert journal.execute("SELECT count(*) FROM part") == [(0,)]
    assert not list(store.list_uploads(""))
    other = in_folder(tmp_path / "other").open()
    with open_carrier(other, "jan") as carrier, Journal(tmp_path / "other.db") as journal:
        whole, all_of_it = send_unit(carrier, rules_of(pack), unit, journal)
    keys = [unit.key] if pack is not Pack.NONE else [one.key for one in whole.members if one.key]
    assert [read(store, key) for key in keys] == [read(other, key) for key in keys]
    assert index.members == whole.members
    assert index.frames == whole.frames
    if pack is not Pack.NONE:  # there the parts of several files are under way
        unbroken = next(number for number in range(1, 99) if number not in sent) - 1
        assert again <= all_of_it - unbroken * SMALLEST_PART
    assert again < all_of_it or not sent


def test_a_file_that_changed_before_an_upload_resumes_is_sent_anew(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if size and time are what they were: what was sent of it has another SHA-256."""
    store = in_folder(tmp_path / "store").open()
    (tree / "a.bin").write_bytes(os.urandom(30 * MIB))
    unit = unit_of(tree)
    kind, real, calls = type(store), type(store).put_part, []

    def put_part(self: object, key: str, upload_id: str, number: int, body: object) -> str:
        calls.append(number)
        if len(calls) > 2:
            raise Broken
        return real(store, key, upload_id, number, body)  # type: ignore[arg-type]

    with open_carrier(store, "jan") as carrier, Journal(tmp_path / "journal.db") as journal:
        with monkeypatch.context() as patched:
            patched.setattr(kind, "put_part", put_part)
            with pytest.raises(Broken):
                send_unit(carrier, rules_of(), unit, journal)
        was = (tree / "a.bin").stat().st_mtime_ns
        with open(tree / "a.bin", "r+b") as stream:
            stream.write(b"other")
        os.utime(tree / "a.bin", ns=(was, was))
        index, _ = send_unit(carrier, rules_of(), unit, journal)
    member = next(one for one in index.members if one.path == "a.bin")
    body = read(store, unit.key)[member.offset : member.offset + member.size]
    assert body == (tree / "a.bin").read_bytes()


@pytest.mark.parametrize("change", ["longer", "shorter", "touched", "gone"])
def test_a_file_that_does_not_stand_still_fails_its_unit(
    change: str, carrier: Carrier, journal: Journal, tree: Path
) -> None:
    unit = unit_of(tree)
    path = tree / "zeros.bin"
    if change == "gone":
        path.unlink()
    elif change == "touched":
        os.utime(path, ns=(5, 5))
    else:
        os.truncate(path, 12 * MIB if change == "longer" else MIB)
    with pytest.raises(SourceChanged, match="changed while it was being archived"):
        send_unit(carrier, rules_of(), unit, journal)
    assert not list(carrier.store.list(""))
    assert not list(carrier.store.list_uploads(""))


@pytest.mark.parametrize("change", ["longer", "overwritten", "replaced"])
def test_f15_a_member_that_changes_while_it_is_read_fails_its_unit(change: str, tree: Path) -> None:
    """After its first bytes were taken: one that grows, one that is edited in place, whose time is put back."""
    path, probe = tree / "zeros.bin", tree.parent / "probe"
    stream = TarStream(str(tree), "b40-film", [one for one in unit_of(tree).sources if one.path == path.name])
    buffer = memoryview(bytearray(MIB))
    stream.fill(buffer)
    status = path.stat()
    probe.touch()
    while probe.stat().st_ctime_ns <= status.st_ctime_ns:  # the disk's clock has not ticked since the file was made
        probe.touch()
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END if change == "longer" else os.SEEK_SET)
        file.write(b"other")
    if change == "replaced":
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(SourceChanged, match=r"zeros\.bin changed while it was being archived"):
        while stream.fill(buffer):
            pass
    stream.close()


def test_what_has_the_key_is_replaced_only_when_asked(carrier: Carrier, journal: Journal, tree: Path) -> None:
    first, _ = send_unit(carrier, rules_of(), unit_of(tree), journal)
    (tree / "plain.txt").write_text("another")
    unit = unit_of(tree)
    assert not is_archived(first, unit)
    with pytest.raises(Halt, match="did not send b40-film"):
        send_unit(carrier, rules_of(), unit, journal)
    assert read_index(carrier.store, unit.key) == first
    index, _ = send_unit(carrier, rules_of(), unit, journal, replace=True)
    assert read_index(carrier.store, unit.key) == index
    assert is_archived(index, unit)


def test_a_unit_without_files_is_refused(carrier: Carrier, journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "b41").mkdir()
    with pytest.raises(LocalError, match="b41 holds no files"):
        send_unit(carrier, rules_of(), unit_of(tmp_path / "b41", "b41"), journal)


def test_without_container_each_file_is_an_object_and_the_set_has_one_file_of_rows(
    carrier: Carrier, journal: Journal, tree: Path
) -> None:
    rules = rules_of(Pack.NONE)
    with pytest.raises(LocalError, match="its name is no UTF-8"):
        send_unit(carrier, rules, unit_of(tree, pack=Pack.NONE), journal)
    assert not list(carrier.store.list(""))
    (tree / NO_UTF8).unlink()
    for name in ("b40-film", "b41-other"):
        send_unit(carrier, rules, unit_of(tree, name, Pack.NONE), journal)
    rows = read_rows(carrier.store, "projects")
    assert set(rows) == {"old/b40-film", "old/b41-other"}
    for member in rows["old/b41-other"].members:
        if member.kind is Kind.FILE:
            assert read(carrier.store, f"old/b41-other/{member.path}") == (tree / member.path).read_bytes()


@pytest.mark.parametrize("pack", PACKED)
def test_one_member_is_read_with_a_hundredth_of_the_archive(
    pack: Pack, carrier: Carrier, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a compressed one with the frames that hold it: two of 4 MiB at most for a small file."""
    root = tmp_path / "b50"
    root.mkdir()
    for number in range(12):
        (root / f"{number:02}.bin").write_bytes(os.urandom(4 * MIB))
    (root / "05.txt").write_text("wanted")
    unit = unit_of(root, "b50", pack)
    index, _ = send_unit(carrier, rules_of(pack), unit, journal)
    asked = list[int]()
    kind, real = type(carrier.store), type(carrier.store).get

    def get(self: object, key: str, *, start: int = 0, stop: int | None = None, **more: object) -> object:
        assert stop is not None
        asked.append(stop - start)
        return real(carrier.store, key, start=start, stop=stop, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(kind, "get", get)
    wanted = [member for member in index.members if member.path == "05.txt"]
    report = restore_unit(carrier, index, Destination(tmp_path / "back"), wanted, "now")
    assert (tmp_path / "back/05.txt").read_text() == "wanted"
    assert (report.files, report.problems) == (1, [])
    assert sum(asked) <= (6 if pack is Pack.TAR else 2 * 4 * MIB + MIB)


@pytest.mark.parametrize("pack", PACKED[1:])
def test_what_an_index_leaves_between_two_frames_is_not_held(
    pack: Pack, carrier: Carrier, journal: Journal, tmp_path: Path
) -> None:
    """As whoever writes into the store may say: gigabytes of it ended the command, and with it all other units."""
    root, gap = tmp_path / "b40-film", 48 * MIB
    root.mkdir()
    (root / "large").write_bytes(content := os.urandom(5 * MIB))
    unit = unit_of(root, pack=pack)
    index, _ = send_unit(carrier, rules_of(pack), unit, journal)
    first, *more = index.frames
    held = read(carrier.store, unit.key)
    cut = first.offset + first.stored
    (found := tmp_path / "store" / unit.key).write_bytes(held[:cut] + bytes(gap) + held[cut:])
    frames = (first, *(structs.replace(one, offset=one.offset + gap) for one in more))
    etag = carrier.store.head(unit.key).info.etag
    index = structs.replace(index, frames=frames, size=found.stat().st_size, etag=etag)
    (member,) = index.members
    tracemalloc.start()
    try:
        got = b"".join(tar_bytes(carrier, index, member.offset, member.offset + member.size))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert got == content
    assert peak < gap, "what lies between them was held"

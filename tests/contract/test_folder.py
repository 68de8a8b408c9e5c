"""What only a folder store has to promise: people use the folder too, and disks have their ways."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import (
    AccessDenied,
    BucketMissing,
    DiskFull,
    NotFound,
    PreconditionFailed,
    StoreError,
    Unreachable,
    UsageError,
)
from s3sync.store.folder import FolderStore, files
from s3sync.store.folder.layout import RESERVED, Layout
from s3sync.store.folder.listing import _entries
from s3sync.store.port import Create, Headers, Overwrite, Update
from tests.contract.stores import keys, md5, noise, put, read, send

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other names and rights")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> FolderStore:
    return FolderStore(root, create=True)


def age(path: Path, seconds: float = 60) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_objects_are_ordinary_files(store: FolderStore, root: Path) -> None:
    put(store, "repo/project/cut/draft.mp4", b"film")
    assert (root / "repo/project/cut/draft.mp4").read_bytes() == b"film"


@pytest.mark.parametrize("body", [b"second", b"second and longer"])
def test_f01_an_object_is_known_though_its_writer_was_killed(store: FolderStore, root: Path, body: bytes) -> None:
    """The object has its name, and its record was still the next one."""
    put(store, "a", b"first!", headers=Headers({"uploaded-by": "jan"}))
    (record,) = (path for path in (root / RESERVED / "records").rglob("*") if path.is_file())
    record.rename(record.with_suffix(".next"))
    head = store.head("a")
    assert (dict(head.metadata), head.info.etag) == ({"uploaded-by": "jan"}, md5(b"first!").hex())
    assert [info.etag for info in store.list("")] == [md5(b"first!").hex()]
    put(store, "a", body, Update(head.info.etag), headers=Headers({"uploaded-by": "david"}))
    assert dict(store.head("a").metadata) == {"uploaded-by": "david"}
    assert list(record.parent.iterdir()) == [record]


def test_f01_a_writer_killed_before_the_object_leaves_the_old_one_known(store: FolderStore, root: Path) -> None:
    first = put(store, "a", b"first!", headers=Headers({"uploaded-by": "jan"}))
    (record,) = (path for path in (root / RESERVED / "records").rglob("*") if path.is_file())
    record.with_suffix(".next").write_bytes(b'{"key": "a", "size": 6, "mtime_ns"')
    assert dict(store.head("a").metadata) == {"uploaded-by": "jan"}
    put(store, "a", b"second", Update(first))
    assert store.head("a").info.etag == md5(b"second").hex()


def test_a_file_that_a_person_dropped_in(store: FolderStore, root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "audio.wav").write_bytes(b"sound")
    (listed,) = store.list("")
    assert (listed.key, listed.size, listed.etag) == ("sub/audio.wav", 5, md5(b"sound").hex())
    head = store.head("sub/audio.wav")
    assert (dict(head.metadata), head.etag_is_md5) == ({}, True)
    assert read(store, "sub/audio.wav", if_match=listed.etag) == b"sound"


def test_a_file_that_a_person_edited(store: FolderStore, root: Path) -> None:
    before = put(store, "a", b"before", headers=Headers({"uploaded-by": "jan"}))
    (root / "a").write_bytes(b"after!!")
    assert store.head("a").info.etag == md5(b"after!!").hex()
    assert dict(store.head("a").metadata) == {}
    with pytest.raises(PreconditionFailed):
        put(store, "a", b"mine", Update(before))
    with pytest.raises(PreconditionFailed):
        store.delete("a", if_match=before)
    put(store, "a", b"mine", Update(md5(b"after!!").hex()))


def test_digests_of_dropped_files_are_remembered(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "big").write_bytes(b"x" * 100)
    age(root / "big")
    keys(store)
    monkeypatch.setattr(files, "digest_file", lambda file: pytest.fail("computed again"))
    monkeypatch.setattr("s3sync.store.folder.objects.digest_file", lambda file: pytest.fail("computed again"))
    assert keys(store) == ["big"]


def test_an_unmounted_disk_is_not_an_empty_store(store: FolderStore, root: Path) -> None:
    put(store, "a")
    shutil.move(root, root.with_name("away"))
    root.mkdir()
    upload = (lambda: store.start_upload("a", Headers()), lambda: list(store.list_uploads("")))
    for call in (
        lambda: keys(store),
        lambda: put(store, "a"),
        lambda: store.head("a"),
        lambda: store.delete("a"),
        *upload,
    ):
        with pytest.raises(BucketMissing):
            call()
    assert list(root.iterdir()) == []


def test_a_disk_unmounted_while_listing(store: FolderStore, root: Path) -> None:
    for number in range(3):
        put(store, f"{number}/a")
    listing = store.list("")
    next(listing)
    shutil.move(root, root.with_name("away"))
    with pytest.raises(BucketMissing):
        list(listing)


def test_what_exists_is_adopted(root: Path) -> None:
    root.mkdir()
    (root / "a").write_bytes(b"there before")
    assert keys(FolderStore(root, create=True)) == ["a"]


@pytest.mark.parametrize(
    "key",
    [
        *("../a", "a/../../b", "a/./b", "/a", "a//b", "a/", "a\0"),
        *(f"{RESERVED}/x", RESERVED, ".S3Sync-Store/x", f"{RESERVED}. /x", ".s3sync\u200c-store/x"),
    ],
)
def test_keys_that_are_refused(store: FolderStore, root: Path, key: str) -> None:
    before = sorted(root.parent.rglob("*"))
    for call in (lambda: put(store, key), lambda: store.delete(key), lambda: store.start_upload(key, Headers())):
        with pytest.raises(StoreError):
            call()
    assert sorted(path for path in root.parent.rglob("*") if "tmp" not in path.parts) == [
        path for path in before if "tmp" not in path.parts
    ]


@posix
def test_links_are_not_followed(store: FolderStore, root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    for key in ("folder/secret", "folder/new", "file"):
        for call in (lambda k=key: put(store, k), lambda k=key: read(store, k), lambda k=key: store.delete(k)):
            with pytest.raises(StoreError):
                call()
    with pytest.raises(StoreError, match="cannot list"):
        keys(store)
    assert [path.name for path in outside.iterdir()] == ["secret"]


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        here = os.open(path.parent, os.O_RDONLY)
        one.bind(f"/proc/self/fd/{here}/{path.name}" if len(str(path)) > 100 else str(path))
        os.close(here)


@posix
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (os.mkfifo, "a named pipe"),
        (lambda path: path.symlink_to("/nowhere"), "a symbolic link"),
        (a_socket, "a socket"),
    ],
)
@pytest.mark.parametrize("above", ["", "in/"])
def test_what_is_no_file_is_named_with_what_to_do(
    store: FolderStore, root: Path, make: Callable[[Path], object], what: str, above: str
) -> None:
    (root / above).mkdir(exist_ok=True)
    make(root / above / "odd")
    for call in (lambda: keys(store), lambda: put(store, f"{above}odd"), lambda: store.delete(f"{above}odd")):
        with pytest.raises(StoreError) as refused:
            call()
        told = f"{refused.value} {refused.value.hint}"
        assert f"{root / above / 'odd'}" in told and what in told and "Move it elsewhere" in told, told


def test_the_store_may_be_named_through_a_link(root: Path) -> None:
    FolderStore(root, create=True)
    link = root.with_name("link")
    link.symlink_to(root)
    put(FolderStore(link), "a")
    assert keys(FolderStore(root)) == ["a"]


@posix
def test_a_folder_that_cannot_be_read_ends_the_listing(store: FolderStore, root: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    put(store, "closed/a")
    (root / "closed").chmod(0)
    try:
        with pytest.raises(AccessDenied):
            keys(store)
    finally:
        (root / "closed").chmod(stat.S_IRWXU)


@pytest.mark.parametrize(("number", "kind"), [(errno.EIO, Unreachable), (errno.EACCES, AccessDenied)])
def test_a_folder_that_cannot_be_read_to_its_end_ends_the_listing(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    for name in "abc":
        put(store, f"p/{name}")
    scandir = os.scandir

    @contextmanager
    def broken(where: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        def some(entries: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
            yield next(entries)
            raise OSError(number, os.strerror(number))

        with scandir(where) as entries:
            yield some(entries)

    monkeypatch.setattr(os, "scandir", broken)
    with pytest.raises(kind, match="could not list"):
        next(store.list("p/"))


@posix
def test_a_listing_that_is_left_early_leaves_no_folder_open(store: FolderStore) -> None:
    for name in "abc":
        put(store, f"p/{name}")
    before = len(os.listdir("/dev/fd"))
    listing = store.list("p/")
    next(listing)
    assert len(os.listdir("/dev/fd")) <= before + 1  # the folder itself, so that a link in its place leads nowhere
    del listing
    assert len(os.listdir("/dev/fd")) == before


@posix
@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_all_names_of_a_folder_are_read(store: FolderStore, root: Path, count: int) -> None:
    names = {f"{number}\n\udcff".encode("utf-8", "surrogateescape") for number in range(count)}
    (root / "p").mkdir()
    try:
        for name in names:
            os.close(os.open(os.fsencode(root / "p") + b"/" + name, os.O_CREAT | os.O_WRONLY))
    except OSError:
        pytest.skip("this disk takes no such names")
    found = list(_entries(store._layout.folder("p")))
    assert len(found) == count and {os.fsencode(name) for name, _ in found} == names


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EACCES, AccessDenied), (errno.EROFS, AccessDenied)],
)
def test_a_full_or_read_only_disk(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    put(store, "a", b"before")

    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    upload_id = store.start_upload("b", Headers())
    monkeypatch.setattr(os, "fsync", fail)
    for call in (lambda: put(store, "a", b"after"), lambda: send(store, "b", upload_id, 1, b"part")):
        with pytest.raises(kind) as caught:
            call()
        assert getattr(caught.value, "hint", None)
    monkeypatch.undo()
    assert read(store, "a") == b"before"
    assert store._layout.tmp.names() == []


def test_files_and_folders_of_one_name(store: FolderStore) -> None:
    put(store, "a")
    with pytest.raises(StoreError, match="file"):
        put(store, "a/b")
    put(store, "d/e")
    for mode in (Overwrite(), Create()):
        with pytest.raises(StoreError) as caught:
            put(store, "d", mode=mode)
        assert not isinstance(caught.value, PreconditionFailed)
    store.delete("d")
    assert keys(store) == ["a", "d/e"]


def test_empty_folders_do_not_stay(store: FolderStore, root: Path) -> None:
    put(store, "a/b/c")
    store.delete("a/b/c")
    assert [path.name for path in root.iterdir()] == [RESERVED]
    (root / "made by hand").mkdir()
    assert keys(store) == []


def test_long_names(store: FolderStore) -> None:
    put(store, "/".join(["x" * 200] * 4))
    assert len(keys(store)) == 1
    with pytest.raises(StoreError, match="too long"):
        put(store, "x" * 300)


def test_a_disk_that_folds_case(store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: the disk holds `draft`, and says that `Draft` is there."""
    put(store, "draft", b"mine")
    put(store, "day/one", b"one")
    plain = GuardedFolder.find

    def folding(folder: GuardedFolder, name: str) -> os.stat_result | None:
        return next((plain(folder, other) for other in folder.names() if other.casefold() == name.casefold()), None)

    monkeypatch.setattr(GuardedFolder, "find", folding)
    folded = FolderStore(root)
    for key in ("Draft", "Day/two"):
        with pytest.raises(NotFound):
            folded.head(key)
        with pytest.raises(StoreError, match="case"):
            put(folded, key, mode=Create())
    assert keys(folded, "Day/") == []
    assert read(folded, "draft") == b"mine"
    put(folded, "day/two", b"two")
    assert keys(folded) == ["day/one", "day/two", "draft"]


def test_records_lost_or_broken_are_made_again(store: FolderStore, root: Path) -> None:
    etag = put(store, "a", b"content", headers=Headers({"uploaded-by": "jan"}))
    (record,) = (path for path in (root / RESERVED / "records").rglob("*") if path.is_file())
    record.write_bytes(b'{"half')
    assert store.head("a").info.etag == etag
    record.unlink()
    assert [info.etag for info in store.list("")] == [etag]


def test_left_over_temporary_files_are_swept(root: Path) -> None:
    FolderStore(root, create=True)
    old, fresh = root / RESERVED / "tmp" / "old", root / RESERVED / "tmp" / "fresh"
    for path in (old, fresh):
        path.write_bytes(b"x")
    age(old, 3 * 86400)
    put(FolderStore(root), "a")
    assert (old.exists(), fresh.exists()) == (False, True)


def test_nobody_sweeps_a_file_that_has_its_old_time_already(root: Path) -> None:
    """A file of an archive gets its own time before its name, and another computer may begin to write in between."""
    layout = Layout(root)
    FolderStore(root, create=True)
    with files.temporary_file(layout) as (name, _):
        path = root / RESERVED / "tmp" / name
        age(path, 3 * 86400)
        put(FolderStore(root), "a")
        assert path.exists()
    begun, _, rest = name.partition("-")
    left = path.rename(path.with_name(f"{int(begun) - 2 * 86400}-{rest}"))
    put(FolderStore(root), "b")
    assert not left.exists()


def test_the_source_of_a_copy_keeps_its_multipart_etag(store: FolderStore) -> None:
    upload_id = store.start_upload("a", Headers())
    parts = [send(store, "a", upload_id, number, noise(10)) for number in (1, 2)]
    etag = store.complete_upload("a", upload_id, parts, mode=Create()).etag
    assert store.copy("a", "b", source_etag=etag, mode=Create(), headers=None) == etag
    assert store.first_part_size("b") == 10
    assert not store.head("b").etag_is_md5


def _increment(root: str, times: int) -> None:
    store = FolderStore(Path(root))
    for _ in range(times):
        while True:
            with store.get("deep/er/n") as reader:
                now, etag = int(b"".join(reader)), reader.info.etag
            try:
                put(store, "deep/er/n", b"%d" % (now + 1), Update(etag))
            except PreconditionFailed:
                continue
            break


def _churn(root: str, name: str) -> None:
    store = FolderStore(Path(root))
    for number in range(100):
        put(store, f"a/b/{name}", b"%d" % number)
        store.delete(f"a/b/{name}")


def _run(target: Any, arguments: list[tuple[Any, ...]]) -> None:
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=target, args=each) for each in arguments]
    for process in running:
        process.start()
    for process in running:
        process.join(60)
        assert process.exitcode == 0


def test_processes_do_not_overwrite_each_other(store: FolderStore, root: Path) -> None:
    put(store, "deep/er/n", b"0")
    _run(_increment, [(str(root), 25)] * 4)
    assert read(store, "deep/er/n") == b"100"


def test_processes_that_make_and_prune_the_same_folders(store: FolderStore, root: Path) -> None:
    _run(_churn, [(str(root), name) for name in "wxyz"])
    assert keys(store) == []


def test_reading_what_was_deleted_meanwhile(store: FolderStore) -> None:
    put(store, "a", b"content")
    with store.get("a") as reader:
        store.delete("a")
        assert b"".join(reader) == b"content"
    with pytest.raises(NotFound):
        store.get("a")


def test_unknown_prefix(store: FolderStore) -> None:
    with pytest.raises(StoreError):
        keys(store, "no-slash")
    assert not issubclass(StoreError, UsageError)


def test_f01_folders_that_a_killed_writer_left_empty_make_way_for_an_object(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store", create=True)
    left = tmp_path / "store/v/p/cut/deep/deeper"
    left.mkdir(parents=True)
    (left.parent / "beside").mkdir()
    put(store, "v/p/cut", b"a file")
    assert (tmp_path / "store/v/p/cut").read_bytes() == b"a file"


def test_a8_a_folder_in_which_anything_lies_stays(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store", create=True)
    file = tmp_path / "store/v/p/cut/deep/.hidden"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"somebody's")
    with pytest.raises(StoreError, match="cannot hold both"):
        put(store, "v/p/cut", b"a file")
    assert file.read_bytes() == b"somebody's"


ODD = "disk-\udce9"
TOLD = {
    "a value": Headers({"uploaded-by": ODD}),
    "a name": Headers({ODD: "x"}),
    "a type": Headers(content_type=ODD),
    "a class": Headers(storage_class=ODD),
}


@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)
def test_what_is_no_text_is_one_error_and_leaves_nothing(tmp_path: Path, told: Headers) -> None:
    """It was an error of ours, with half a record in the store: a user's name may come from a system without UTF-8."""
    store = FolderStore(tmp_path / "store", create=True)
    etag = put(store, "a")
    before = sorted(path for path in tmp_path.rglob("*"))
    writes: list[Callable[[], object]] = [
        lambda: put(store, "b", headers=told),
        lambda: store.copy("a", "b", source_etag=etag, mode=Overwrite(), headers=told),
        lambda: store.start_upload("b", told),
    ]
    for write in writes:
        with pytest.raises(StoreError, match="could not write 'b'") as error:
            write()
        assert error.value.hint
    assert sorted(path for path in tmp_path.rglob("*")) == before

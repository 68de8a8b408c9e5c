"""Only `disk/` opens what others can write: no other room opens, changes or lists by a path, unless it is said why."""

from __future__ import annotations

import ast

import pytest

from tests.unit.disk.one_room import calls, calls_in, sources

OWN = "in the user's own folder, or the user's own file: no repository and no store says which"
LISTED = "names alone are listed: nothing is opened by what is found"
PRIVATE = "in a temporary folder that this process made for itself alone"
PROGRAM = "a program: which, with which words and in which folder, tests/promises/hostile holds"
OPEN = "it is given an open file or a text, and no path"
GUARDED = "on a GuardedFolder, or what opens below one"
SHIPPED = "a file that ships with s3sync"
SYSTEM = "a file of the system's"
COPY = "a database without a name, or a copy that trusted.py made"
FOLLOWED = "where a link leads is asked, so that it is followed only where that is allowed; nothing is opened"
ALLOWED = {
    FOLLOWED: {("config/leading.py", "readlink")},
    LISTED: {
        ("all_projects.py", "walk"), ("archive/adopt_tree.py", "listdir"), ("archive/chain.py", "iterdir"),
        ("archives/everywhere.py", "walk"), ("cli/completed.py", "scandir"), ("cli/show/init.py", "iterdir"),
        ("doctor/local.py", "listdir"), ("keys/known.py", "listdir"), ("local/holds.py", "scandir"),
        ("local/tracked.py", "listdir"), ("project.py", "iterdir"), ("project.py", "scandir"),
        ("staging.py", "scandir"), ("store/folder/apart.py", "listdir"),
        ("team/githooks/checked_out.py", "scandir"),
        ("team/watching/wakes.py", "scandir"),
    },
    OWN: {
        ("archive/catalogue/database.py", "rename"),
        ("archive/work.py", "mkdir"), ("archive/workers/place.py", "mkdir"),
        ("cli/named_files.py", "open"),
        ("config/remotes.py", "read_text"), ("dashboard/files.py", "unlink"),
        ("store/azure/fast.py", "read_bytes"),
        ("store/gcs/credentials.py", "open"), ("store/gcs/lane.py", "read_bytes"), ("store/own_credential.py", "open"),
        ("store/s3/credentials.py", "read_bytes"), ("store/s3/fast.py", "read_bytes"), ("trust/book.py", "FileLock"),
    },
    PRIVATE: {
        ("archive/cluster.py", "TemporaryDirectory"), ("doctor/memory.py", "tempfile.TemporaryDirectory"),
        ("spill/scratch.py", "tempfile.TemporaryFile"), ("spill/scratch.py", "tempfile.gettempdir"),
        ("state/trusted.py", "tempfile.TemporaryDirectory"), ("store/rclone/daemon.py", "shutil.rmtree"),
        ("store/rclone/daemon.py", "tempfile.mkdtemp"),
        ("store/rclone/guardian.py", "shutil.rmtree"), ("sync/own_memory.py", "rename"),
        ("team/side_by_side.py", "rmtree"), ("team/side_by_side.py", "tempfile.mkdtemp"),
    },
    PROGRAM: {
        ("cli/commands/dashboard.py", "open"), ("cli/queueing.py", "subprocess.Popen"),
        ("services/crontab.py", "subprocess.run"), ("store/azure/login.py", "subprocess.run"),
        ("store/rclone/daemon.py", "subprocess.Popen"), ("store/rclone/guardian.py", "subprocess.Popen"),
        ("store/s3/processes.py", "subprocess.Popen"), ("team/githooks/folder.py", "subprocess.run"),
        ("team/side_by_side.py", "open"), ("team/viewing.py", "startfile"), ("team/viewing.py", "subprocess.Popen"),
    },
    OPEN: {
        ("archive/foreign.py", "tarfile.open"), ("archive/parts.py", "mmap.mmap"),
        ("cli/memory.py", "ctypes.byref"), ("cli/memory.py", "ctypes.sizeof"),
        ("config/mask.py", "configparser.RawConfigParser"), ("store/s3/credentials.py", "configparser.RawConfigParser"),
        ("store/sealed/blocks.py", "open"), ("store/sealed/reading.py", "open"),
        ("transfer/send/source.py", "mimetypes.guess_type"),
    },
    GUARDED: {
        ("archive/remove_local.py", "readlink"), ("archive/remove_local.py", "rmdir"),
        ("archive/remove_local.py", "unlink"), ("gitindex.py", "read_bytes"), ("local/clear_way.py", "rmdir"),
        ("local/place.py", "unlink"), ("services/files.py", "unlink"), ("shared/manifest.py", "open"),
        ("store/folder/files.py", "unlink"), ("store/folder/locks.py", "FileLock"),
        ("store/folder/uploads.py", "rename"), ("team/notices/waiting.py", "unlink"),
        ("transfer/fetch/follower.py", "open"), ("transfer/fetch/large.py", "open"),
    },
    "a class of ours by another name": {("dashboard/priced.py", "open")},
    SHIPPED: {
        ("archive/price_list.py", "read_bytes"), ("dashboard/page.py", "read_text"), ("setup/init.py", "read_text"),
        ("store/s3/models.py", "listdir"), ("team/pages/ffmpeg.py", "glob"),
    },
    SYSTEM: {
        ("archive/disks.py", "open"), ("archive/rows/strangers.py", "read_text"), ("cli/background.py", "open"),
        ("cli/main.py", "open"), ("cli/memory.py", "open"),
        ("store/folder/apart.py", "read_bytes"),
    },
    COPY: {
        ("archive/old_database.py", "sqlite3.connect"), ("spill/table.py", "sqlite3.connect"),
        ("state/own.py", "sqlite3.connect"), ("state/repair.py", "sqlite3.connect"),
        ("state/trusted.py", "sqlite3.connect"),
    },
    "SQLite opens by a path alone: what stands there and beside it is looked at before and after (trusted.py)": {
        ("archive/rows/sqlite_file.py", "sqlite3.connect"), ("state/sqlite.py", "sqlite3.connect"),
    },
}  # fmt: skip


def test_f49_nothing_else_opens_what_others_can_write() -> None:
    allowed = set[tuple[str, str]]().union(*ALLOWED.values())
    assert [call for call in calls() if call[:2] not in allowed] == []


def test_each_exception_is_still_needed_and_has_one_reason() -> None:
    every = [call for group in ALLOWED.values() for call in group]
    assert len(every) == len(set(every))
    assert {(file, name) for file, name, _ in calls()} == set(every)


def test_every_room_is_looked_at() -> None:
    assert {name.split("/")[0] for name in sources()} >= {"archive", "cli", "config", "pairs", "store", "gitconfig.py"}
    assert not [name for name in sources() if name.startswith("disk/")]


@pytest.mark.parametrize(
    "text",
    [
        "os.open(path, 0)", "open(path)", "Path(x).read_bytes()", "shutil.rmtree(path)", "(a / b).unlink()",
        "tarfile.open(path)", "zipfile.ZipFile(path)", "sqlite3.connect(path)", "os.scandir(folder)", "gzip.open(path)",
        "os.readlink(top / path)", "folder.unlink(name)", "self.folder.chmod(name, 0)", "tempfile.mkdtemp()",
        "from shutil import rmtree\nrmtree(path)", "from os import open as o\no(path, 0)",
        "from filelock import FileLock\nFileLock(path)", "def f(folder: Path) -> None:\n    folder.unlink('x')",
        "def f(folder: GuardedFolder) -> None:\n    folder = Path('x')\n    folder.unlink('x')",
        "def f(folder: GuardedFolder) -> None:\n    def g(folder: Path) -> None:\n        folder.unlink('x')",
    ],
)  # fmt: skip
def test_the_test_sees_what_it_is_there_for(text: str) -> None:
    assert list(calls_in("local/x.py", ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "def f(folder: GuardedFolder) -> None:\n    folder.unlink('x')",
        "with GuardedFolder.open(path) as folder:\n    folder.unlink('x')",
        "folder_below(root, names).unlink(name)", "open(folder.open_read(name), 'rb')", "open(descriptor, 'rb')",
        "folder, name = parent_of(path, 2)\nfolder.unlink(name)", "Project.open(path)", "shutil.disk_usage(path)",
    ],
)  # fmt: skip
def test_what_goes_by_a_descriptor_passes(text: str) -> None:
    assert not list(calls_in("local/x.py", ast.parse(text)))

"""A clean environment for every test, and one server of each kind for each worker, started when a test first asks."""

from __future__ import annotations

import faulthandler
import gc
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.kit import memory, workers
from tests.kit.azurite import Azurite
from tests.kit.azurite import lacking as lacks_azurite
from tests.kit.browser import Browser, chromium
from tests.kit.databases import Postgres
from tests.kit.google import FakeGcs
from tests.kit.remotes import Remotes
from tests.kit.servers import MiniStack, Moto, SeaweedFS

hypothesis.settings.register_profile("s3sync", parent=hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("s3sync")  # timings never decide a test

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium

_ENDS_AFTER_S = 120.0
"""As the settings of pytest say; a test may have a mark of its own."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """End the worker, so that the test is named, when it hangs once more after its timeout: while it is torn down, or
    because Hypothesis tries the same steps again."""
    mark = item.get_closest_marker("timeout")
    faulthandler.dump_traceback_later(60 + 2 * (mark.args[0] if mark else _ENDS_AFTER_S), exit=True)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Any:
    return workers.scheduler(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_configure(config: pytest.Config) -> None:
    """Have the folders of tests in memory where there is room. A place that was asked for (`--basetemp`,
    `PYTEST_DEBUG_TEMPROOT`) is taken; workers have theirs in that of the process that hands out the tests."""
    if config.option.basetemp is None and (place := memory.place()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(place))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Have the garbage collector pass over what stays to the end, half a million objects: a tenth of what unit tests
    take went into looking through them again and again."""
    gc.freeze()


_NUMBERS = itertools.count()


def _new_folder(request: pytest.FixtureRequest, name: str) -> Path:
    """A new folder for a test. pytest's own `mktemp` looks through the folders of all tests before for a number that is
    free, which took as long as a unit test of ours, and a minute in all."""
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    on_disk = request.node.get_closest_marker("disk")
    base = request.getfixturevalue("folder_on_disk") if on_disk else factory.getbasetemp()
    folder = Path(base, f"{name}{next(_NUMBERS)}")
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="session")
def folder_on_disk() -> Iterator[Path]:
    """For tests that are marked `disk`: they tell disks apart, or write more than memory should hold."""
    with tempfile.TemporaryDirectory(prefix="s3sync-tests-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest) -> Iterator[Path]:
    """pytest's own, but for the number at its end, and that it goes at once when the test has passed: 25 GB in all."""
    name = re.sub(r"\W", "_", request.node.name)[:24]
    folder = _new_folder(request, f"{name}_")
    yield folder
    if not request.node.stash.get(_FAILED, False):
        shutil.rmtree(folder, ignore_errors=True)


_OURS = ("AWS_", "AZURE_", "S3SYNC_", "S3_COLLAB_", "S3_SYNC_", "RCLONE_")


@pytest.fixture(autouse=True)
def clean_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the developer's own settings, credentials and data out of reach; returns the HOME of this test."""
    home = _new_folder(request, "home_")
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name, folder in {
        "XDG_CONFIG_HOME": ".config",
        "XDG_DATA_HOME": ".local/share",
        "XDG_STATE_HOME": ".local/state",
        "XDG_CACHE_HOME": ".cache",
        "XDG_RUNTIME_DIR": ".run",
        "APPDATA": "AppData/Roaming",
        "LOCALAPPDATA": "AppData/Local",
    }.items():
        monkeypatch.setenv(name, str(home / folder))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("S3SYNC_TRUST", "1")  # what it asks without it: tests/scenarios/cli/test_trust.py
    return home


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    with SeaweedFS() as server:
        yield server


@pytest.fixture(scope="session")
def ministack() -> Iterator[MiniStack]:
    with MiniStack() as server:
        yield server


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    lacks = lacks_azurite()
    if lacks is not None and not os.environ.get("CI"):
        pytest.skip(lacks)
    with Azurite() as server:
        yield server


@pytest.fixture(scope="session")
def remotes() -> Iterator[Remotes]:
    with Remotes() as found:
        yield found


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def gcs() -> Iterator[FakeGcs]:
    with FakeGcs() as server:
        yield server


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    with Moto() as server:
        yield server


@pytest.fixture(scope="session")
def running_chromium() -> Iterator[Chromium]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def browser(running_chromium: Chromium) -> Iterator[Browser]:
    found = Browser(running_chromium)
    try:
        yield found
    finally:
        found.close()


@pytest.fixture
def bound_by_rights() -> list[str]:
    """What to put in front of a command so that file permissions bind it, also when root runs the tests."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may read everything, and there is no setpriv to give that up")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"]

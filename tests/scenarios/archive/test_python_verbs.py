"""The verbs of `Archives` in Python: each is typed and documented, and each that may take long says how far it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync import Archives
from s3sync.archive.restoring import RestoreOptions
from s3sync.transfer.progress import Silent, Work
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import at_home, put
from tests.scenarios.archive.test_adopt import leave, packed
from tests.scenarios.archive.test_catalogue import Place

PAGE = (Path(__file__).parents[3] / "docs" / "python-api.md").read_text("utf-8").partition("\n## Archives\n")[2]
INNER = {
    "agree_to_sets", "archived_units", "archives_of", "by_a_job", "carry_out", "channel", "has_units", "measured_rate",
    "move_plan", "note_told", "now", "now_text", "places", "places_of_jobs", "refuse_pointed_at", "require_source",
    "settings_of", "thaw_by_batch",
}  # fmt: skip
"""Methods that other rooms of the program call."""


def verbs() -> Iterator[tuple[str, Any]]:
    for name, found in inspect.getmembers(Archives, callable):
        if not name.startswith("_"):
            yield name, found


@pytest.mark.parametrize("name", [name for name, _ in verbs()])
def test_each_verb_is_typed_and_on_the_page(name: str) -> None:
    signature = inspect.signature(getattr(Archives, name))
    given = [one for one in signature.parameters.values() if one.name != "self"]
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(one.annotation is not inspect.Parameter.empty for one in given)
    assert inspect.getdoc(getattr(Archives, name)) or name in INNER
    assert (f"`{name}(" in PAGE or f"`Archives.{name}(" in PAGE) is (name not in INNER)


class Watcher(Silent):
    """What was heard, by its kind."""

    def __init__(self) -> None:
        self.heard: dict[str, list[Any]] = {}

    def hear(self, *what: Any) -> None:
        self.heard.setdefault("told", []).append(what)

    def expect(self, work: Work, files: int, size: int) -> None:
        self.heard.setdefault(f"expect {work}", []).append((files, size))

    def begin(self, work: Work, path: str, size: int) -> None:
        self.heard.setdefault(f"begin {work}", []).append(path)

    def advance(self, work: Work, path: str, n: int) -> None:
        self.heard.setdefault(f"advance {work}", []).append(n)

    def finish(self, work: Work, path: str) -> None:
        self.heard.setdefault(f"finish {work}", []).append(path)


def of(work: Work) -> set[str]:
    return {f"{step} {work}" for step in ("begin", "advance", "finish")}


Verb = Callable[[Archives, Watcher], object]
LONG: dict[str, tuple[Verb, set[str]]] = {
    "analyze": (lambda found, watcher: found.analyze(set="sessions", told=watcher.hear), {"told"}),
    "run": (lambda found, watcher: found.run(set="sessions", told=watcher.hear), {"told", *of(Work.UPLOAD)}),
    "verify": (lambda found, watcher: found.verify(told=watcher.hear), {"told"}),
    "verify, deep": (
        lambda found, watcher: found.verify(deep=True, told=watcher.hear),
        {"told", "expect download", *of(Work.DOWNLOAD)},
    ),
    "check_catalogue": (lambda found, watcher: found.check_catalogue(told=watcher.hear), {"told"}),
    "rebuild_catalogue": (
        lambda found, watcher: found.rebuild_catalogue(anew=True, told=watcher.hear),
        {"told"},
    ),
    "transition": (
        lambda found, watcher: found.transition("m42", to="GLACIER_IR", confirm=lambda plan: True, told=watcher.hear),
        {"told", "expect copy", *of(Work.COPY)},
    ),
    "restore": (
        lambda found, watcher: found.restore("m42", options=RestoreOptions(to="back"), told=watcher.hear),
        {"told", "expect download", *of(Work.DOWNLOAD)},
    ),
    "adopt": (
        lambda found, watcher: found.adopt(set="old", told=watcher.hear),
        {"told", *of(Work.DOWNLOAD)},
    ),
    "remove": (
        lambda found, watcher: found.remove("m42", confirm=lambda plan: True, last_copies=True, told=watcher.hear),
        {"told"},
    ),
}
SETS = """
archives:
  sessions: {{store: 's3://{bucket}', source: 'raw/*', layout: 'raw/{{id}}'}}
  old: {{store: 's3://{bucket}/old', source: 'videos/*', layout: '{{id}}', pack: tar.gz}}
"""


def test_each_verb_that_may_take_long_says_how_far_it_is(
    moto: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(moto, tmp_path)
    ana = place.person("ana")
    (ana.repo / ".s3sync.yaml").write_text(SETS.format(bucket=place.bucket))
    put(ana.repo, "raw/m42/a.fits", bytes(200_000))
    put(tmp_path / "left", "b40/film.mp4", bytes(300_000))
    leave(place, "old/b40.tar.gz", packed(tmp_path / "left", "b40", "-z"))
    environ = {**at_home(ana), "S3SYNC_TRUST": "1"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ana.repo)

    def heard(verb: Verb, home: Path | None = None) -> dict[str, list[Any]]:
        watcher = Watcher()
        if home is not None:
            monkeypatch.setenv("XDG_DATA_HOME", str(home))
        verb(Archives.open(progress=watcher), watcher)
        return watcher.heard

    lacking = {name: wanted - set(heard(verb)) for name, (verb, wanted) in LONG.items() if name != "remove"}
    assert not any(lacking.values()), lacking

    def prune(found: Archives, watcher: Watcher) -> object:
        return found.prune_catalogue(lambda gone: True, set="sessions", told=watcher.hear)

    assert heard(prune, tmp_path / "another home")["told"] == [(1, 1)], "of somebody who knows nothing of it yet"
    monkeypatch.setenv("XDG_DATA_HOME", environ["XDG_DATA_HOME"])
    verb, _ = LONG["remove"]
    ((archive, problem),) = heard(verb)["told"]
    assert (archive.unit, problem) == ("m42", None)

"""The public Python API: what it exports, what it refuses, and that its words are those of the JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import s3sync
from s3sync import NotTrusted, Policy, Project, S3syncError, UsageError
from tests.kit.people import Person

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository without settings, and a home of its own."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "S3SYNC_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "films" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "films")
    return tmp_path / "films"


def test_c13_everything_public_is_listed_and_there() -> None:
    assert {name for name in dir(s3sync) if not name.startswith("__")} == {*s3sync.__all__} - {"__version__"}
    for name in s3sync.__all__:
        assert getattr(s3sync, name) is not None
    tree = {
        name for name, kind in vars(s3sync.errors).items() if isinstance(kind, type) and issubclass(kind, S3syncError)
    }
    assert tree <= set(s3sync.__all__)


def test_c13_importing_stays_cheap() -> None:
    heavy = ("boto3", "obstore", "yaml", "typer", "s3sync.api")
    code = f"import s3sync, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_c13_what_one_verb_of_archives_needs_the_others_do_not_import() -> None:
    rare = ("s3sync.archives.auto_survey", "s3sync.archives.auto_steps", "s3sync.all_repositories", "gzip", "obstore")
    code = f"import s3sync.archives, sys; print([name for name in {rare} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_c13_one_class_is_called_project() -> None:
    source = Path(s3sync.__file__).parent
    found = [path for path in source.rglob("*.py") if re.search(r"^class Project\b", path.read_text("utf-8"), re.M)]
    assert found == [source / "api.py"]


@pytest.mark.parametrize("choice", ["ours", "", "MINE", "keep_both"])
def test_c13_an_unknown_policy_is_refused_with_the_choices(repository: Path, choice: str) -> None:
    s3sync.init("b1", settings={"user": "eve"})
    project = Project.open("b1")
    for verb in (project.up, project.down, project.sync):
        with pytest.raises(UsageError) as refused:
            verb(on_conflict=choice)
        assert all(repr(policy.value) in (refused.value.hint or "") for policy in Policy)
    assert project.up(on_conflict=Policy.MINE).exit_code == 0


@pytest.mark.parametrize("side", ["here", "", "s3"])
def test_c13_an_unknown_side_is_refused_with_the_choices(repository: Path, side: str) -> None:
    s3sync.init("b1", settings={"user": "eve"})
    with pytest.raises(UsageError, match="side cannot be"):
        Project.open("b1").trash(side)
    with pytest.raises(UsageError, match="side cannot be"):
        Project.open("b1").empty_trash(side=side)


def test_c13_a_repository_from_nothing_to_a_diagnosis(repository: Path) -> None:
    report = s3sync.init("b7-cut", settings={"user": "eve", "repo": "films"})
    assert report.exit_code == 0 and report.project is not None
    (report.project.staging / "a.wav").write_bytes(b"sound")
    up = Project.open("b7").up()
    assert (up.command, up.project, up.repo) == ("up", "b7-cut", "films")
    assert [(one.name, one.bytes_sent) for one in up.uploaded] == [("a.wav", 5)]
    assert [(one.name, one.here, one.in_store, one.files) for one in s3sync.projects().projects] == [
        ("b7-cut", True, True, 1)
    ]
    diagnosis = s3sync.diagnose("b7")
    assert diagnosis.exit_code == 0 and diagnosis.counts["ok"] > 5


def test_c13_init_refuses_what_it_would_not_write(repository: Path) -> None:
    with pytest.raises(UsageError, match="bwlimit"):
        s3sync.init("b1", settings={"bwlimit": "10M"})
    assert not (repository / ".s3sync.yaml").exists()


def test_c13_a_store_that_nobody_agreed_to_is_refused_by_name(repository: Path, tmp_path: Path) -> None:
    (repository / ".s3sync.yaml").write_text(f"store: file://{tmp_path}/elsewhere\n")
    (repository / "b1" / "s3-staging").mkdir(parents=True)
    with pytest.raises(NotTrusted):
        Project.open("b1")
    with pytest.raises(NotTrusted):
        s3sync.projects()


def test_c13_the_fields_of_the_reports_are_those_of_the_json(david: Person) -> None:
    """Each key of a document is an attribute of the report, or of the thing in its list; `trash` is flat there."""
    document = json.loads(david.run("up", "--json").out)
    code = (
        "import sys, json; from s3sync import Project; report = Project.open().up()\n"
        "document = json.loads(sys.stdin.read())\n"
        "print([key for key in document if key not in ('schema', 'trash') and not hasattr(report, key)])\n"
        "first = document['uploaded'][0]\n"
        "from s3sync import Uploaded; print([key for key in first if not hasattr(Uploaded, key)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=david.project, env=david.env(), input=json.dumps(document), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["[]", "[]"], done.stderr


def test_c13_the_example_for_a_repository_runs(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / "python-api.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (example,) = [block for block in blocks if "diagnose" in block]
    exec(example, {})
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if "RunReport" not in line] == [
        "0 False", "b64-cut True False 0", "films ['b64-cut']", "[]",
    ]  # fmt: skip
    assert [line.partition(" RunReport(")[0] for line in told if "RunReport" in line] == ["b64-cut"]


def test_the_example_for_archives_runs(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / "python-api.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (example,) = [block for block in blocks if "Archives" in block]
    s3sync.init("b1", settings={"user": "eve"})
    (repository / "raw" / "m42").mkdir(parents=True)
    (repository / "raw" / "m42" / "a.fits").write_bytes(bytes(20_000))
    s3sync.Archives.init("sessions", store=f"file://{repository.parent}/vault", more={"layout": "raw/{id}"})
    exec(example, {})
    assert capsys.readouterr().out.splitlines() == ["1 20000 0.002", "m42 raw/m42.tar None", "m42 sent", "0"]
    assert (repository.parent / "vault" / "raw" / "m42.tar").exists()


def test_c13_a_flag_that_is_no_setting_is_refused_with_the_nearest(repository: Path) -> None:
    for flags, near in (({"bwlimits": "1M"}, "bwlimit"), ({"usr": "eve"}, "user"), ({"zzzz": "1"}, "the settings are")):
        with pytest.raises(UsageError) as refused:
            Project.open(flags=flags)
        assert near in (refused.value.hint or "")


@pytest.mark.parametrize("wrong", [None, ["a.mov"], b"a.mov", 3])
def test_c13_files_are_texts_or_paths(repository: Path, wrong: Any) -> None:
    s3sync.init("b1", settings={"user": "eve"})
    project = Project.open("b1")
    for name in ("a.mov", "b.mov", "c.mov"):
        (project.staging / name).write_text(name)
    sent = project.up(Path("a.mov"), project.staging / "b.mov").uploaded
    assert {item.name for item in sent} == {"a.mov", "b.mov"}
    for verb in (project.up, project.down, project.sync, project.status, project.cleanup):
        with pytest.raises(UsageError, match="a file cannot be"):
            verb(wrong)
    assert {item.name for item in project.status(Path("a.mov")).files} == {"a.mov"}


@pytest.mark.parametrize("number", [-1, 1.5, "3", True])
def test_c13_a_limit_of_deletions_that_is_none_is_refused(repository: Path, number: int) -> None:
    s3sync.init("b1", settings={"user": "eve"})
    with pytest.raises(UsageError, match="max_delete"):
        Project.open("b1").sync(max_delete=number)

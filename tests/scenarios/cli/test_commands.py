"""What every command does, as a person at a keyboard or a script sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from s3sync._version import __version__
from s3sync.cli.app import app
from s3sync.setup.gitignore import END, START
from tests.kit.people import PROJECT, Person, tree
from tests.kit.servers import Moto
from tests.scenarios.cli.checks import refused, shows_no_secret
from tests.scenarios.cli.conftest import NewPerson, on_server
from tests.scenarios.cli.terminal import on_terminal

ROOT: Any = get_command(app)
COMMANDS = sorted(ROOT.commands)
LEAVES = [
    [name, *word]
    for name, one in ROOT.commands.items()
    for word in ([[word] for word in getattr(one, "commands", ())] or [[]])
]
"""Every command line that does something, with the second words of groups."""
SLOW_IMPORTS = {"boto3", "botocore", "s3transfer", "obstore", "rich.progress"}
NOT_FOR_NOTHING = {
    "concurrent.futures", "configparser", "filelock", "json", "logging", "s3sync.transfer.pool",
    "s3sync.config.databases", "s3sync.repositories.book", "s3sync.state.repair",
}  # fmt: skip
"""Some milliseconds each; a run with nothing to do needs none of them."""


def imported(person: Person, *words: str) -> set[str]:
    """Run a command that succeeds; the modules that it imported, of those that are slow to."""
    code = f"""
import sys
from s3sync.cli.main import run
code = run({list(words)!r})
assert code == 0, code
print("imported", *sorted({SLOW_IMPORTS | NOT_FOR_NOTHING!r} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=person.env(), cwd=person.project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


# Help and version


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_help_has_an_example_and_the_exit_codes(david: Person, words: list[str]) -> None:
    shown = david.ok(*words, "--help").out
    assert f"Example:\n    s3sync {words[0]}" in shown and shown.startswith(f"Usage: s3sync {' '.join(words)} ")
    codes = shown.partition("Exit codes:\n")[2]
    assert "    0  done" in codes and "    2  wrong usage" in codes
    assert "--json" in shown or words == ["hooks", "run"], "git alone calls that one"


def test_the_help_lists_the_commands_and_without_one_it_is_named(david: Person) -> None:
    shown = david.ok("--help").out
    assert all(f"\n  {command} " in shown for command in COMMANDS)
    assert "s3sync --help" in david.ok().out


def test_version_and_help_import_nothing_slow(david: Person) -> None:
    for option in ("--version", "-V"):
        assert david.ok(option).out == f"s3sync {__version__}\n"
    assert imported(david, "--version") == set()
    assert imported(david, "--help") == set()
    assert imported(david, "up", "--help") == set()


def test_status_on_s3_with_static_keys_imports_no_boto3(new_person: NewPerson, moto: Moto) -> None:
    david = new_person(**on_server(moto))
    david.ok("up")
    assert imported(david, "status", "--json") == {"obstore", "json"}
    assert imported(david, "status") == imported(david) == {"obstore"}
    assert imported(david, "up") == {"obstore"}


# config


def test_config_shows_origins_and_masks_secrets(david: Person) -> None:
    (david.repo / ".video-tools.env").write_text(
        "S3_COLLAB_BUCKET=our-bucket\nS3_COLLAB_PREFIX=team\nS3_SYNC_USER=dave\nAWS_REGION=eu-west-1\n"
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG\n"
    )
    (david.repo / ".s3sync.yaml").write_text("repo: videos\nregion: us-east-1\n")
    shown = david.ok("config").out
    assert "AKIAIOSFODNN7EXAMPLE" not in shown and "wJalrXUtnFEMI" not in shown
    assert "@eaDir/" not in shown, "a long list makes every line of the table as long"
    shown = david.ok("config", "-v").out
    assert "AKIAIOSFODNN7EXAMPLE" not in shown and "wJalrXUtnFEMI" not in shown
    settings = david.ok("config", "--json").json["settings"]
    env_file = f".video-tools.env ({david.repo}/.video-tools.env)"
    assert settings["store"] == {"value": "s3://our-bucket/team", "origin": env_file}
    assert settings["region"] == {"value": "eu-west-1", "origin": env_file}
    assert settings["repo"] == {"value": "videos", "origin": f".s3sync.yaml ({david.repo}/.s3sync.yaml:1)"}
    assert settings["user"] == {"value": "david", "origin": "environment S3SYNC_USER"}
    assert settings["staging"] == {"value": "s3-staging", "origin": "default"}
    assert settings["AWS_ACCESS_KEY_ID"] == {"value": "****MPLE", "origin": env_file}
    assert settings["AWS_SECRET_ACCESS_KEY"] == {"value": "****", "origin": env_file}
    assert settings["endpoint_url"] == {"value": None, "origin": "default"}
    for name, row in settings.items():
        assert f"{name} " in shown and (row["value"] or "-") in shown and row["origin"] in shown
    jan = david.ok("config", "--user", "jan", "--json").json["settings"]["user"]
    assert jan == {"value": "jan", "origin": "flag --user"}


# init


def test_init_again_changes_nothing(david: Person) -> None:
    (david.repo / ".gitignore").write_text("*.pyc\n")
    words = ("init", PROJECT, "--store", f"file://{david.root}/store", "--user", "david")
    first = david.ok(*words, "--json", cwd=david.repo).json
    assert first["project"] == PROJECT and first["access"] == {} and first["exit_code"] == 0
    assert any(step["changed"] for step in first["steps"])
    ignored = (david.repo / ".gitignore").read_text()
    assert ignored.startswith("*.pyc\n") and ignored.count(START) == ignored.count(END) == 1
    assert "s3-staging/" in ignored
    before = tree(david.repo)
    again = david.ok(*words, "--json", cwd=david.repo).json
    assert tree(david.repo) == before
    assert [step["changed"] for step in again["steps"]] == [False] * len(again["steps"])
    david.ok("init", "--region", "eu-west-1")
    written = yaml.safe_load((david.repo / ".s3sync.yaml").read_text())
    assert written["region"] == "eu-west-1" and written["store"] == f"file://{david.root}/store"
    assert (david.repo / ".gitignore").read_text() == ignored


def test_init_says_what_to_run_next_and_its_advice_works(david: Person) -> None:
    shown = david.ok("init", "new-project", cwd=david.repo).out
    assert "Next: put files into new-project/s3-staging/ and run `s3sync up`" in shown
    assert "It is a folder on this computer" in shown
    (david.repo / "new-project" / "s3-staging" / "a.wav").write_text("a")
    david.ok("up", "new", cwd=david.repo)


def test_init_dry_run_writes_nothing(david: Person) -> None:
    before = tree(david.root)
    words = ("--dry-run", "--store", f"file://{david.root}/store", "--user", "dave")
    shown = david.ok("init", PROJECT, *words, cwd=david.repo).out
    assert "Nothing was written" in shown and "store:" in shown
    plan = david.ok("init", "new-project", *words, "--json", cwd=david.repo).json
    assert plan["dry_run"] is True and plan["project"] == "new-project" and plan["access"] is None
    assert david.ok("init", PROJECT, *words, "--quiet", cwd=david.repo).out == ""
    assert tree(david.root) == before
    assert not (david.root / "store").exists() and not (david.repo / "new-project").exists()


@pytest.mark.parametrize("name", ["a/b", "..", "", "metadata.json"])
def test_init_refuses_what_cannot_be_a_project(david: Person, name: str) -> None:
    before = tree(david.root)
    result = david.expect(2, "init", name, cwd=david.repo)
    assert result.err.startswith(f"error: {name!r} is not a project's name")
    assert tree(david.root) == before


def test_init_asks_on_a_terminal(new_person: NewPerson, moto: Moto) -> None:
    keys = {key: value for key, value in moto.environment().items() if "ACCESS_KEY" in key}
    david = new_person(**keys)
    answers = [
        ("as the team sees it: ", "da/vid"),
        ("as the team sees it: ", "david"),
        ("on this computer): ", "s4://shared"),
        ("on this computer): ", f"s3://{moto.bucket}/asked"),
        ("Region [us-east-1]: ", ""),
        ("(empty: AWS): ", moto.endpoint_url),
        ("AWS's own order): ", ""),
    ]
    result = on_terminal(david, "init", answers=answers, env={"S3SYNC_USER": ""})
    assert result.code == 0, result
    assert "'da/vid' cannot be a user's name" in result.out
    assert "did you mean 's3://'?" in result.out
    assert yaml.safe_load((david.repo / ".s3sync.yaml").read_text()) == {
        "store": f"s3://{moto.bucket}/asked",
        "repo": "v-appydave",
        "region": "us-east-1",
        "endpoint_url": moto.endpoint_url,
    }
    assert yaml.safe_load((david.root / "home/.config/s3sync/config.yaml").read_text()) == {"user": "david"}
    david.ok("up", env={"S3SYNC_USER": None})
    asked_again = on_terminal(david, "init", env={"S3SYNC_USER": ""})
    assert asked_again.code == 0 and "team sees it" not in asked_again.out


# Where a command may be given, and to what


def test_a_project_is_found_from_anywhere_in_it_and_by_a_prefix_of_its_name(david: Person) -> None:
    below = david.project / "edit" / "deep"
    below.mkdir(parents=True)
    (david.staging / "cut").mkdir()
    for cwd in (david.project, below, david.staging, david.staging / "cut"):
        assert david.ok("status", "--json", cwd=cwd).json["project"] == PROJECT
    for words in (["b63"], ["-p", "b63"], [PROJECT]):
        assert david.ok("status", "--json", *words, cwd=david.repo).json["project"] == PROJECT
    assert [item["name"] for item in david.ok("up", "b63", "draft.mp4", "--json", cwd=david.repo).json["uploaded"]] == [
        "draft.mp4"
    ]


def test_the_folder_where_one_stands_is_everything_in_it(david: Person) -> None:
    david.write("cut/a.wav", "a")

    def would_upload(word: str, **more: object) -> list[str]:
        report = david.ok("up", word, "--dry-run", "--json", **more).json
        return [item["name"] for item in report["uploaded"]]

    assert would_upload(".", cwd=david.staging / "cut") == ["cut/a.wav"]
    assert would_upload(".", cwd=david.staging) == ["cut/a.wav", "draft.mp4"]
    assert would_upload(".") == would_upload("s3-staging") == ["cut/a.wav", "draft.mp4"]


def test_status_of_all_projects_side_by_side(david: Person) -> None:
    other = david.repo / "b64-podcast" / "s3-staging"
    other.mkdir(parents=True)
    (other / "metadata.json").write_text("{}")
    david.ok("up")
    shown = david.expect(3, "status", "--all", cwd=david.repo)
    assert "b63-flivideo     1 file       13 B  all in sync" in shown.out
    assert "b64-podcast     0 files        0 B  1 cannot be synced" in shown.out
    assert "✗ b64-podcast/metadata.json: cannot be uploaded" in shown.err
    (other / "metadata.json").unlink()
    (other / "a.wav").write_text("a")
    projects = david.ok("status", "--all", "--json", cwd=david.staging).json["projects"]
    assert [(item["project"], item["counts"]) for item in projects] == [
        (PROJECT, {"in_sync": 1}),
        ("b64-podcast", {"local_new": 1}),
    ]
    david.expect(7, "status", "--all", "--exit-code")


def test_a_broken_project_does_not_hide_the_others(david: Person) -> None:
    other = david.repo / "b64-podcast" / "s3-staging"
    other.parent.mkdir()
    other.write_text("a file")
    result = david.expect(3, "status", "--all", cwd=david.repo)
    assert "b63-flivideo     1 file       13 B  1 to upload (never synced)" in result.out
    assert f"✗ b64-podcast\nerror: {other} cannot be the staging folder\n  why: it is a file\nhint:" in result.err
    good, broken = david.expect(3, "status", "--all", "--json", cwd=david.repo).json["projects"]
    assert good["counts"] == {"local_new": 1} and good["project"] == PROJECT
    assert broken["project"] == "b64-podcast" and broken["error"]["type"] == "ProjectError" and broken["error"]["hint"]


def test_status_of_all_projects_where_there_is_none(david: Person) -> None:
    david.project.rename(david.root / "moved")
    assert (
        "no project has a staging folder here: `s3sync projects` lists"
        in david.ok("status", "--all", cwd=david.repo).out
    )


def test_the_exit_codes_of_status(new_person: NewPerson) -> None:
    david = new_person()
    assert david.expect(7, "status", "--exit-code").out
    david.ok("status")
    david.ok("up")
    david.ok("status", "--exit-code")
    jan = new_person("jan", XDG_DATA_HOME=str(david.root / "home" / ".local" / "share"))
    jan.write("draft.mp4", "another cut")
    jan.expect(4, "status", "--exit-code")
    jan.ok("status")


# Output


def test_quiet_prints_only_warnings_and_verbose_names_every_file(david: Person) -> None:
    for number in range(25):
        david.write(f"{number:02}.wav", f"{number}")
    for words in (["up"], ["status"], ["down"], ["cleanup", "--dry-run"]):
        result = david.ok(*words, "--quiet")
        assert (result.out, result.err) == ("", "")
    shown = david.ok("sync").out
    assert "00.wav" not in shown and "skipped 26" in shown
    assert "- 00.wav (1 B) - already in sync" in david.ok("sync", "--verbose").out


def test_a_terminal_gets_colour_and_a_pipe_or_no_color_none(david: Person) -> None:
    david.ok("up")
    assert "\x1b[32m" in on_terminal(david, "status").out
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        result = on_terminal(david, "status", env=env)
        assert "\x1b" not in result.out and "✓ synced" in result.out
    result = david.ok("status")
    assert "\x1b" not in result.out + result.err and "✓ synced" in result.out


def test_a_terminal_gets_progress_and_a_pipe_none(david: Person) -> None:
    david.write("long.mp4", os.urandom(30_000_000))
    shown = on_terminal(david, "up").out
    assert "Uploading" in shown.replace("Uploading to", "") and "\x1b" in shown
    (david.staging / "long.mp4").unlink()
    assert "\x1b" not in on_terminal(david, "down", "--quiet").out


@pytest.mark.parametrize("command", ["cleanup", "undo"])
def test_no_bar_covers_a_question(david: Person, command: str) -> None:
    """Large files are read first, and the bars of that went on below the question, over it."""
    film = david.write("film.mp4", os.urandom(20_000_000))
    david.ok("up")
    os.utime(film, (1_700_000_000, 1_700_000_000))
    shown = on_terminal(david, command, answers=[("[y/N] ", "n")]).out
    assert "Checking" in shown and shown.index("[y/N]") > shown.rindex("Checking"), shown
    between = shown[shown.rindex("Checking") : shown.index("[y/N]")]
    assert "\x1b[2K" in between[: between.index("film.mp4")], shown


def test_cleanup_asks_on_a_terminal(david: Person) -> None:
    david.ok("up")
    no = on_terminal(david, "cleanup", answers=[("[y/N] ", "n")])
    assert no.code == 5, no
    assert "draft.mp4" in no.out and "Delete permanently 1 file (13 B) of b63-flivideo in file://" in no.out
    assert "\nerror: nothing was deleted\n" in no.out
    assert "hint: to do it after all, run the command again" in no.out, "nobody who said no is told to say yes"
    assert david.states() == {"draft.mp4": "in_sync"}
    assert on_terminal(david, "cleanup", answers=[("[y/N] ", "y")]).code == 0
    assert david.states() == {"draft.mp4": "cleaned_up"}


def test_cleanup_without_anybody_to_answer_deletes_nothing(david: Person) -> None:
    david.ok("up")
    result = david.expect(5, "cleanup")
    assert "\nerror: nothing was deleted\n" in result.err and "--yes answers" in result.err
    assert david.expect(5, "cleanup", "--json").json["error"]["type"] == "Halt"
    assert david.states() == {"draft.mp4": "in_sync"}


ASCII = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LANG": "C.UTF-8"}


def test_a_stream_without_utf8_gets_ascii_signs(david: Person) -> None:
    david.write("Grüße ☃.mp4", "x")
    result = david.ok("up", env=ASCII)
    assert result.out.isascii() and "ok draft.mp4" in result.out
    assert "Gr\\xfc\\xdfe \\u2603.mp4" in result.out
    for words in (["status"], ["config"], ["cleanup", "--help"], ["cleanup", "--yes"]):
        assert david.ok(*words, env=ASCII).out.isascii()
    assert david.expect(2, "up", "süß", env=ASCII).err.isascii()
    names = {file["name"] for file in david.ok("status", "--json", env=ASCII).json["files"]}
    assert names == {"draft.mp4", "Grüße ☃.mp4"}


def test_a_locale_that_cannot_name_the_files_is_said_to_be_it(david: Person) -> None:
    david.write("Grüße.mp4", "x")
    david.ok("up")
    said = refused(david, 1, "status", env={"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"})
    assert "encoding is ascii" in said and "hint: set LC_ALL=C.UTF-8" in said


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes there")
@pytest.mark.parametrize("words", [["status"], ["init", "--yes"], ["watch", "install"]])
def test_a_clone_below_a_folder_whose_name_is_no_utf8_is_told_to_rename_it(david: Person, words: list[str]) -> None:
    """A hint about the locale would not help: that is UTF-8 already."""
    odd = david.root / os.fsdecode(b"ordner \xfc")
    odd.mkdir()
    clone = david.repo.rename(odd / "clone")
    (clone / ".s3sync.yaml").unlink(missing_ok=True)
    done = david.run(*words, cwd=clone / PROJECT, env={"S3SYNC_TRUST": ""})
    assert done.code == 2 and "LC_ALL" not in done.err
    assert (
        "not UTF-8" in done.err and "\\xfc" in done.err.replace("\\udcfc", "\\xfc") and "rename that folder" in done.err
    )


EVIL = "a\x1b[31mred\x07.mp4"


def test_a_name_with_escape_sequences_never_reaches_the_terminal(new_person: NewPerson, moto: Moto) -> None:
    david = new_person(**on_server(moto))
    prefix = david.environ["S3SYNC_STORE"].removeprefix(f"s3://{moto.bucket}/")
    client = moto.client()
    client.put_object(Bucket=moto.bucket, Key=f"{prefix}/v-appydave/{PROJECT}/{EVIL}", Body=b"evil")
    david.write("b\x1b]0;title\x07.mp4", "evil too")
    david.write("c\u202e4pm.exe", "turned around")
    for words in (["up"], ["status"], ["status", "--json"], ["cleanup", "--dry-run"]):
        result = david.expect(3, *words)
        said = result.out + result.err
        assert not set("\x1b\x07\u202e") & set(said), result
        assert "a\\x1b[31mred\\x07.mp4" in said or "a\\u001b[31mred\\u0007.mp4" in said
        shows_no_secret(david, result)
    assert set(david.files()) == {"draft.mp4", "b\x1b]0;title\x07.mp4", "c\u202e4pm.exe"}


def test_nor_do_those_that_are_typed(david: Person) -> None:
    for words in (["up", EVIL], [EVIL], ["up", f"--{EVIL}"], ["status", "-p", EVIL]):
        said = refused(david, 2, *words)
        assert "\\x1b[31mred\\x07" in said and not set("\x1b\x07") & set(said)


def test_a_reader_that_goes_away_leaves_no_traceback(david: Person) -> None:
    for number in range(1500):
        david.write(f"a rather long name so that the pipe is full soon {number}.wav", "x")
    command = f"{sys.executable} -m s3sync"
    for words in ("status", "status --json", "--help", "--version"):
        done = subprocess.run(
            ["bash", "-c", f"{command} {words} | head -1; exit ${{PIPESTATUS[1]}}"],
            env=david.env(),
            cwd=david.project,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == "" and len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "redirected", "said"),
    [
        ("status", "> /dev/full", "error: cannot write the output\n  why: No space left on device\nhint: "),
        ("status --json", "> /dev/full", "error: cannot write the output"),
        ("--version", "> /dev/full", "error: cannot write the output"),
        ("trash --help", "> /dev/full", "error: cannot write the output"),
        ("status --json", ">&-", ""),
        ("up nosuchfile", "2>&-", ""),
        ("cleanup", "<&-", "error: nothing was deleted"),
        ("init", "<&-", ""),
    ],
)
def test_streams_that_are_full_or_closed(david: Person, words: str, redirected: str, said: str) -> None:
    if words == "cleanup":
        david.ok("up")
    command = ["bash", "-c", f"{sys.executable} -m s3sync {words} {redirected}"]
    done = subprocess.run(command, env=david.env(), cwd=david.project, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
    assert said in done.stderr
    assert done.returncode == {"> /dev/full": 1, ">&-": 0, "2>&-": 2, "<&-": 5 * (words == "cleanup")}[redirected]


def test_c2_init_asks_which_project_on_a_terminal(new_person: NewPerson, tmp_path: Path) -> None:
    david, jan = (new_person(name, S3SYNC_STORE=f"file://{tmp_path / 'store'}", S3SYNC_REPO="film") for name in "dj")
    (jan.repo / ".s3sync.yaml").write_text("repo: film\n")
    david.ok("init", "b64-cut", cwd=david.repo)
    (david.repo / "b64-cut" / "s3-staging" / "a").write_text("a")
    for project in (PROJECT, "b64-cut"):
        david.ok("up", project, cwd=david.repo)
    (jan.root / "home" / ".gitconfig").write_text("[user]\n\tname = Zoë Smith\n")
    answers = [("as the team sees it [Zoë Smith]: ", ""), ("none yet): ", "b6"), ("none yet): ", "b64")]
    result = on_terminal(jan, "init", answers=answers, cwd=jan.repo, env={"S3SYNC_USER": ""})
    assert result.code == 0, result
    assert f"type one of: {PROJECT}, b64-cut" in result.out and "files are waiting" in result.out
    assert (jan.repo / "b64-cut" / "s3-staging").is_dir() and not (jan.repo / "s3-staging").exists()
    own = yaml.safe_load((jan.root / "home/.config/s3sync/config.yaml").read_text("utf-8"))
    assert own == {"user": "Zoë Smith"}

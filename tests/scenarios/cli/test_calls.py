"""How a command line is read: shared options, words of other programs, names of files, completion."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from s3sync.cli.completion import SCRIPTS
from s3sync.core.quantities import size_text
from tests.kit.people import PROJECT, Person, pair, tree
from tests.scenarios.cli.conftest import NewPerson
from tests.scenarios.cli.terminal import on_terminal


def test_options_behind_two_dashes_are_names(david: Person) -> None:
    for words in (["down", "nosuch", "--", "--json"], ["cleanup", "--", "--json", "--debug"]):
        result = david.expect(2, *words)
        assert result.out == "" and result.err.startswith("error: ") and "Traceback" not in result.err


def test_the_value_of_an_option_is_no_option(david: Person) -> None:
    result = david.expect(2, "trash", "restore", "--to", "--debug", "nosuch")
    assert "Traceback" not in result.err and result.err.startswith("error: ")
    assert david.expect(2, "trash", "restore", "nosuch", "--when", "--json").out == ""


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["trash", "restore", "nosuch"], "trash restore"),
        (["trash", "empty", "--older-than"], "trash empty"),
        (["config", "set", "nosuch", "1"], "config set"),
        (["--json", "trash", "list"], ""),
        (["nosuch", "up"], "nosuch"),
        (["down", "--bogus"], "down"),
        (["status", "-p", "nosuch"], "status"),
    ],
)
def test_an_error_in_json_names_the_whole_command(david: Person, words: list[str], command: str) -> None:
    result = david.expect(2, words[0], *(["--json"] if command else []), *words[1:])
    if command:
        assert result.json["command"] == command and result.json["error"]["hint"]
    else:
        assert result.out == "" and "there is no option --json" in result.err


def test_c6_help_is_had_in_every_way(david: Person) -> None:
    whole = david.ok("--help").out
    assert david.ok("-h").out == david.ok("help").out == whole
    assert david.ok("help", "trash").out == david.ok("trash", "-h").out == david.ok("trash", "--help").out
    assert "did you mean `s3sync status`?" in david.expect(2, "help", "statsu").err
    assert "..." not in whole.partition("Exchange files:")[2], "no help is cut"


@pytest.mark.parametrize(("word", "meant"), [("push", "up"), ("pull", "down"), ("ls", "status"), ("purge", "cleanup")])
def test_c6_words_of_other_programs_lead_to_the_command(david: Person, word: str, meant: str) -> None:
    assert f"hint: did you mean `s3sync {meant}`?" in david.expect(2, word, "draft.mp4").err


@pytest.mark.parametrize("word", ["rm", "delete", "remove", "mv"])
def test_c6_no_word_about_one_file_leads_to_the_deletion_of_a_project(david: Person, word: str) -> None:
    told = david.expect(2, word, "draft.mp4").err.partition("hint: ")[2]
    assert "in the staging folder, and `s3sync sync` " in told and "cleanup" not in told


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("archive", "thaw", "b40"), "did you mean `s3sync restore`?"),
        (("archive", "ls"), "did you mean `s3sync archive list`?"),
        (("keys", "rm", "jan"), "did you mean `s3sync keys remove`?"),
        (("trash", "rm", "draft.mp4"), "names are relative"),
        (("queue", "drop", "draft.mp4"), "see `s3sync queue --help`"),
    ],
)
def test_c6_second_words_of_other_programs_lead_to_what_does_no_more(
    david: Person, words: tuple[str, ...], meant: str
) -> None:
    said = david.expect(2, *words).err
    assert f"hint: {meant}" in said and "empty" not in said.partition("hint: ")[2]


def test_c6_a_look_at_the_keys_makes_none(david: Person) -> None:
    david.ok("config", "set", "--repo", "encrypt", "yes")
    assert "has no key." in david.ok("keys").out
    assert david.ok("keys", "--json").json["key_id_in_store"] is None


def test_c6_status_and_sync_take_files(david: Person, new_person: NewPerson) -> None:
    for name in ("cut/a.wav", "cut/b.wav", "c.mov"):
        david.write(name, name)
    shown = david.ok("status", "cut").out
    assert "cut/a.wav" in shown and "c.mov" not in shown and "draft.mp4" not in shown
    assert david.expect(2, "status", "cut/z.wav").err.startswith("error: ")
    assert [moved["name"] for moved in david.ok("sync", "cut/*.wav", "--json").json["uploaded"]] == [
        "cut/a.wav",
        "cut/b.wav",
    ]
    assert {name: state for name, state in david.states().items() if state != "in_sync"} == {
        "c.mov": "local_new",
        "draft.mp4": "local_new",
    }
    (david.staging / "cut" / "b.wav").unlink()
    (david.staging / "cut" / "a.wav").unlink()
    assert [gone["name"] for gone in david.ok("sync", "cut/b.wav", "--json").json["deleted"]] == ["cut/b.wav"]
    assert david.states()["cut/a.wav"] == "local_deleted"
    assert david.ok("sync", PROJECT, "c.mov", "--json", cwd=david.repo).json["uploaded"][0]["name"] == "c.mov"


def test_c7_status_names_differences_first_and_counts_the_rest(david: Person) -> None:
    for number in range(30):
        david.write(f"shot/{number:02}.mov", "x" * 1000)
    david.ok("up")
    david.write("zz last.mov", "new")
    (david.staging / "shot" / "07.mov").unlink()
    lines = david.ok("status").out.splitlines()
    assert lines[1].startswith("  shot/07.mov ") and lines[2].startswith("  zz last.mov ")
    assert lines[3] == "  ✓ 30 files in sync  (29.0 KB)"
    assert lines[1].endswith("∅ deleted here") and "✗" not in "".join(lines)
    assert any("s3sync up" in line for line in lines[4:]) and any("s3sync down" in line for line in lines[4:])
    every = david.ok("status", "--verbose").out
    assert all(f"shot/{number:02}.mov" in every for number in range(30))
    for number in range(12):
        (david.staging / "shot" / f"{number:02}.mov").unlink(missing_ok=True)
    david.ok("sync", "--max-delete", "12")
    assert "shot/20.mov  (1.0 KB)  ✓ synced" in david.ok("status").out, "few are named one by one"


def test_c8_status_says_what_happened_and_keeps_conflicts_in_sight(david: Person, new_person: NewPerson) -> None:
    for name in ("one", "two", "three"):
        david.write(name, name)
    david.ok("up")
    jan = new_person("jan", S3SYNC_STORE=f"file://{david.root / 'home/.local/share/s3sync/store'}")
    (jan.staging / "draft.mp4").unlink()
    jan.ok("down")
    for name in ("one", "two"):
        (jan.staging / name).unlink()
    jan.write("three", "of jan")
    jan.ok("sync", "--max-delete", "9")
    david.write("two", "of david")
    david.write("three", "of david, too")
    shown = david.ok("status").out
    assert "deleted in the store, by jan" in shown
    assert "changed here, and deleted on the remote, by jan" in shown
    assert "changed here, and changed on the remote, by jan" in shown
    assert shown.count("To settle conflicts") == 1
    quiet = david.ok("status", "--quiet")
    assert quiet.out == "" and "two" in quiet.err and "three" in quiet.err and "one" not in quiet.err
    warned = david.expect(4, "up", "--quiet").err
    assert warned.count("hint: ") == 1 and warned.count("conflict: ") == 2
    kept_as = next(one["kept_as"] for one in david.expect(4, "sync", "--json").json["conflicts"] if one["kept_as"])
    for person in (david, jan):
        person.run("sync")
        said = person.ok("status").err
        assert f"three: two versions are kept since a conflict just now; the other is {kept_as}" in said
        assert person.ok("status", "--json").json["kept_conflicts"][0]["kept_as"] == kept_as
    (david.staging / kept_as).unlink()
    david.ok("sync")
    assert david.ok("status").err == "" and david.ok("status", "--json").json["kept_conflicts"] == []


# Completion


def offered(person: Person, *words: str, cwd: Path | None = None) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "s3sync", *words],
        env={
            **person.env(),
            "_S3SYNC_COMPLETE": "zsh",
            "S3SYNC_STORE": "s3://nobody-asks",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        },
        cwd=cwd or person.project,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_c6_completion_knows_commands_options_projects_and_files(david: Person) -> None:
    david.write("cut/a.wav", "a")
    (david.repo / "b64-podcast" / "s3-staging").mkdir(parents=True)
    assert set(offered(david, "st")) == {"status", "state"}
    assert "--on-conflict" in offered(david, "up", "--on")
    assert offered(david, "up", "--on-conflict", "k") == ["keep-both"]
    assert offered(david, "up", "dr") == ["draft.mp4"] and offered(david, "up", "cut/") == ["cut/a.wav"]
    assert offered(david, "status", "b6", cwd=david.repo) == [PROJECT, "b64-podcast"]
    assert offered(david, "up", "-p", "b64") == ["b64-podcast"]
    assert offered(david, "up", "../../") == [] and offered(david, "up", ".s3") == []


def test_c6_completion_asks_the_store_for_projects_and_members_that_are_not_here(david: Person, tmp_path: Path) -> None:
    david, jan = pair(tmp_path / "two", f"file://{tmp_path / 'store'}", {})
    for person in (david, jan):
        person.write(f"of {person.name}.mov", person.name)
        person.ok("up")
    (david.repo / "c70-wedding" / "s3-staging").mkdir(parents=True)
    (david.repo / "c70-wedding" / "s3-staging" / "a.mov").write_text("a")
    david.ok("up", "c70-wedding", cwd=david.repo)

    def of_jan(*words: str, **environ: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "s3sync", *words],
            env={**jan.env(), "_S3SYNC_COMPLETE": "fish", "_S3SYNC_PATIENCE": "60", **environ},
            cwd=jan.repo if words[0] == "down" else jan.project,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    assert of_jan("down", "c7") == of_jan("up", "-p", "c7") == ["c70-wedding"] and of_jan("down", "b6") == [PROJECT]
    assert of_jan("up", "--user", "") == ["david", "jan"]
    assert of_jan("down", "c7", S3SYNC_TRUST="") == [], "not before jan has agreed to the store"


def test_f48_completion_offers_no_name_that_would_be_an_option(david: Person) -> None:
    david.write("--permanently", "x")
    david.write("cut/-rf", "x")
    (david.repo / "--store=x" / "s3-staging").mkdir(parents=True)
    assert "--permanently" not in offered(david, "cleanup", "") and offered(david, "up", "cut/") == ["cut/-rf"]
    assert "--store=x" not in offered(david, "status", "", cwd=david.repo)


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_c6_completion_prints_a_script_that_the_shell_understands(david: Person, shell: str) -> None:
    script = david.ok("completion", shell).out
    assert script == SCRIPTS[shell] + "\n" == david.ok("completion", shell, "--json").json["script"] + "\n"
    assert "is not one of" in david.expect(2, "completion", "tcsh").err
    if shutil.which(shell):
        subprocess.run([shell, "-n", "-c", script], check=True)


def test_c6_a_hostile_name_is_quoted_by_bash(david: Person) -> None:
    name = "x $(touch hacked) `touch hacked`;'\"&.mov"
    david.write(name, "x")
    david.write("plain.mov", "x")
    (david.root / "bin").mkdir()
    program = david.root / "bin" / "s3sync"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m s3sync "$@"\n')
    program.chmod(0o755)
    script = f"""
PATH={david.root}/bin:$PATH
{SCRIPTS["bash"]}
for word in x pl; do
    COMP_WORDS=(s3sync up $word) COMP_CWORD=2
    _s3sync_complete
    eval "printf '%s\\n' ${{COMPREPLY[*]}}"
done
"""
    done = subprocess.run(
        ["bash", "-c", script], env=david.env(), cwd=david.project, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [name, "plain.mov"], done.stderr
    assert not list(david.root.rglob("hacked"))


def test_c14_a_dry_run_of_doctor_writes_nothing(david: Person) -> None:
    david.ok("up")

    def touched() -> dict[str, int]:
        """Folders of the store: what is written into one and removed changes its time."""
        store = david.root / "home/.local/share/s3sync/store"
        return {str(path): path.stat().st_mtime_ns for path in store.rglob("*") if path.is_dir()}

    before = tree(david.project), touched()
    checks = {one["name"]: one["level"] for one in david.run("doctor", "--dry-run", "--json").json["checks"]}
    assert checks["list"] == checks["read"] == "ok" and checks["write"] == checks["delete"] == "skipped"
    assert (tree(david.project), touched()) == before
    assert set(checks) == {one["name"] for one in david.run("doctor", "--json").json["checks"]}
    assert touched() != before[1], "without --dry-run it tries"
    assert "exclude each other" in david.expect(2, "doctor", "--fix", "--dry-run").err


def test_c12_a_long_name_takes_one_line_of_a_terminal_and_is_whole_in_a_pipe(david: Person) -> None:
    name = f"take/{'a very long name ' * 12}final.mov"
    david.write(name, "x")
    assert name in david.ok("status").out
    for command in ("status", "up"):
        (line,) = [one for one in on_terminal(david, command).out.splitlines() if "final.mov" in one]
        assert "take/" in line and "..." in line and name not in line


@pytest.mark.parametrize(
    ("size", "text"), [(999, "999 B"), (1000, "1.0 KB"), (999_949, "999.9 KB"), (999_950, "1.0 MB"), (10**12, "1.0 TB")]
)
def test_c12_a_size_has_at_most_three_digits_before_its_point(size: int, text: str) -> None:
    assert size_text(size) == text


# Commands with a second word


def test_a_group_does_the_usual_thing_without_a_word_and_takes_options_anywhere(david: Person) -> None:
    david.ok("up")
    for words in (["trash"], ["state"], ["config"]):
        usual = {"trash": "list", "state": "list", "config": "show"}[words[0]]
        plain = david.ok(*words).out
        assert david.ok(*words, usual).out == plain
        same = david.ok(*words, usual, "--json").json
        assert david.ok(*words, "--json").json == david.ok(*words, "--json", usual).json == same
        assert david.ok(*words, "--help").out.startswith(f"Usage: s3sync {words[0]} [OPTIONS] [")
        assert david.ok("help", *words, usual).out == david.ok(*words, usual, "-h").out
    assert david.ok("state", PROJECT, cwd=david.repo).out == david.ok("state").out
    assert david.ok("trash", "-p", PROJECT, "list", cwd=david.repo).out == "The trash is empty.\n"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["trash", "recover", "a.mp4"], "trash restore"),
        (["trash", "emptyy"], "trash empty"),
        (["config", "sett", "user", "x"], "config set"),
        (["state", "forgt", "s3://old"], "state forget"),
    ],
)
def test_a_mistyped_second_word_is_named(david: Person, words: list[str], meant: str) -> None:
    assert f"hint: did you mean `s3sync {meant}`?" in david.expect(2, *words).err


def test_trash_list_takes_names_folders_and_patterns(david: Person) -> None:
    for name in ("cut/a.mov", "cut/b.wav", "c.mov", "list"):
        david.write(name, name)
    david.ok("up")
    david.ok("cleanup", "--local", "--permanently", "--yes")
    david.ok("down")
    for name in ("cut/a.mov", "cut/b.wav", "c.mov", "list"):
        (david.staging / name).unlink()
    david.ok("sync", "--max-delete", "4")

    def listed(*words: str) -> set[str]:
        return {one["name"] for one in david.ok("trash", "--json", *words).json["files"]}

    assert listed("list", "cut") == {"cut/a.mov", "cut/b.wav"} and listed("*.mov") == {"cut/a.mov", "c.mov"}
    assert listed("list", "--", "list") == {"list"} and listed("c.mov", "cut/b.wav") == {"c.mov", "cut/b.wav"}
    wrong = david.expect(2, "trash", "list", "d.mov").err
    assert "no file called 'd.mov'" in wrong and "nothing in the trash has that name" in wrong
    assert david.expect(2, "trash", "list", "a.mov", "--json").json["error"]["hint"] == "did you mean 'cut/a.mov'?"


def test_an_option_before_the_command_and_a_speed_without_a_unit_say_what_to_type(david: Person) -> None:
    for option in ("--quiet", "--dry-run"):
        assert f"hint: write it behind the command: s3sync COMMAND {option}" in david.expect(2, option, "sync").err
    assert "'25' has no unit: write 25K, 25M or 25G" in david.expect(2, "up", "--bwlimit", "25").err


def test_c12_doctor_outside_a_repository_skips_in_few_lines(david: Person) -> None:
    said = david.run("doctor", cwd=david.root).out
    assert len(said.splitlines()) < 14 and "31 checks, staging to leftovers: needs project" in said
    assert "a name in it is empty" not in said, "what nobody named is not looked for in the store"

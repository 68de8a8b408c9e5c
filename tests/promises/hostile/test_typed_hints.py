"""Commands in hints that have a name in them which others chose: a shell that is given the line runs nothing of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from s3sync.core.typed import typed
from tests.kit.people import PROJECT, REPO, Person, Result, pair
from tests.promises.hostile.conftest import Peer

NASTY = [
    "x; touch ran",
    "$(touch ran)",
    "a`touch ran`",
    "b' && touch ran '",
    "c | touch ran",
    "-rf",
    "--store=x",
    "d e",
]


def run_hints(result: Result, folder: Path) -> list[list[str]]:
    """Each command that a message shows, as a shell would call `s3sync`, `git` or `sudo` with it: its words."""
    shown = re.findall(r"(?:`|: |\()((?:s3sync|git rm|sudo|chmod|rm) [^\n]*)", result.out + result.err)
    calls = []
    for line in shown:
        bare = re.sub(r"(?:`? \(never.*|` fetches.*|; where you can.*|; if it came.*|; then s3sync.*|`.?$)", "", line)
        script = f's3sync() {{ printf "%s\\0" "$@"; }}; git() {{ s3sync "$@"; }}; sudo() {{ s3sync "$@"; }}; {bare}'
        done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
        calls.append(done.stdout.split("\0")[:-1])
    return calls


@pytest.mark.parametrize("name", NASTY)
def test_f57_a_project_of_the_store_is_one_word_of_the_command_that_fetches_it(
    peer: Peer, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "store" / REPO / name
    folder.mkdir(parents=True)
    (folder / "f").write_text("1")
    (tmp_path / "cwd").mkdir()
    calls = run_hints(peer.david.ok("projects"), tmp_path / "cwd")
    assert ["down", name] in [[word for word in call if word != "--"] for call in calls], calls
    assert not list((tmp_path / "cwd").iterdir())


@pytest.mark.parametrize("name", NASTY[:5])
def test_f57_a_folder_of_a_clone_is_one_word_of_the_command_that_helps(
    tmp_path: Path, david: Person, name: str
) -> None:
    """A project's folder is named by whoever committed it, and the command may be one for root."""
    project = david.repo / name.replace("/", "-")
    staging = project / "s3-staging"
    (staging / ".s3sync").mkdir(parents=True)
    (staging / ".s3sync" / "lock").write_text("")
    (tmp_path / "cwd").mkdir()
    shutil.rmtree(david.repo / ".git")
    for words in (["init", "-q"], ["add", "-f", "."]):
        subprocess.run(["git", *words], cwd=david.repo, check=True, capture_output=True)
    calls = run_hints(david.expect(1, "status", cwd=project), tmp_path / "cwd")
    assert ["rm", "-r", "--cached", str(staging / ".s3sync")] in calls, calls
    (project / ".video-tools.env").write_text("S3_SYNC_USER=x\n")
    (project / ".video-tools.env").chmod(0o666)
    told = david.expect(2, "status", cwd=project, env={"S3SYNC_TRUST": ""})
    run_hints(told, tmp_path / "cwd")
    assert (project / ".video-tools.env").stat().st_mode & 0o022 == 0, told
    assert not list((tmp_path / "cwd").iterdir())


def test_f57_in_a_restore_the_name_is_no_option(peer: Peer, tmp_path: Path) -> None:
    david = peer.david
    david.write("--yes", "1")
    david.ok("up")
    david.write("--yes", "2")
    david.ok("sync")
    told = david.run("trash", "restore", "--", "--yes")
    (call,) = (call for call in run_hints(told, tmp_path) if "--to" in call)
    david.ok(*call)
    assert david.read("--yes.restored") == b"1" and david.read("--yes") == b"2"


@pytest.mark.parametrize("name", ["hidden\x1b[8m", "black\x1b[30;40m"])
def test_f57_a_folder_of_a_clone_changes_nothing_of_the_terminal(david: Person, name: str) -> None:
    """git keeps such a name as well. What is hidden by it stays so until something shows text again."""
    david.write("a.txt", "a")
    (david.repo / name / "s3-staging").mkdir(parents=True)
    for verb in ("status", "up", "sync"):
        told = david.run(verb, "--all", cwd=david.repo)
        assert "\\x1b[" in told.out + told.err and "\x1b" not in told.out + told.err


UNESCAPED = ["\\'x\"; touch ran; #", "a\\'(touch ran)\\'", "back\\slash", "\\\\'\\", "'\\\"\\'"]
"""For fish a quotation mark behind a backslash ends no word, where it does for the others."""
SHELLS = {
    "bash": 'f() { printf "%s\\0" "$@"; }; ',
    "zsh": 'f() { printf "%s\\0" "$@"; }; ',
    "fish": "function f; printf '%s\\0' $argv; end; ",
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", [*NASTY, *UNESCAPED, PROJECT, "a\nb", "é.mov", ""])
def test_a_typed_name_is_one_word(name: str, shell: str, tmp_path: Path) -> None:
    assert "\\'" not in typed(name)
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script, env = f"{SHELLS[shell]}f {typed(name)}", {**os.environ, "LC_ALL": "C", "HOME": str(tmp_path)}
    done = subprocess.run([shell, "-c", script], cwd=tmp_path, capture_output=True, check=True, env=env)
    assert [word for word in done.stdout.decode().split("\0")[:-1] if word != "--"] == [name]
    assert not (tmp_path / "ran").exists()


def test_a_member_who_is_called_like_an_option_is_offered_to_no_shell(david: Person) -> None:
    """Whoever writes metadata.json chooses the names of members, and a Tab puts a name on the line."""
    david.write("a.txt", "a")
    david.ok("up")
    (path,) = david.root.rglob("metadata.json")
    document = json.loads(path.read_text("utf-8"))
    hostile = ["--project=other", "-pother", "--jan"]
    names = [*hostile, "jan", *(f"{'x' * 4000}{number}" for number in range(50))]
    document["members"] |= dict.fromkeys(names, document["members"]["david"])
    path.write_text(json.dumps(document), "utf-8")
    env = {"_S3SYNC_COMPLETE": "fish", "_S3SYNC_PATIENCE": "60"}
    for words in (["members", "remove", ""], ["log", "--user", ""], ["members", "remove", "-"]):
        offered = david.run(*words, env=env).out.splitlines()
        assert not set(hostile) & set(offered), words
        assert ("jan" in offered) == (words[-1] == ""), words
    assert len(david.expect(2, "members", "remove", "nobody").err) < 2000


@pytest.mark.parametrize("path", ["a;touch ran", "$(touch ran)", "a`touch ran`"])
def test_the_path_of_a_remote_that_a_commit_names_is_one_word_for_rclone(path: str) -> None:
    from s3sync.errors import StoreError
    from s3sync.store.rclone.items import Item
    from s3sync.store.rclone.listing import objects

    twice = [Item("x", 1, "2025-11-03T10:00:00Z"), Item("x", 2, "2025-11-03T10:00:00Z")]
    with pytest.raises(StoreError) as refused:
        list(objects(f"rclone:team:{path}", "", twice))
    assert f"rclone dedupe rename 'team:{path}';" in str(refused.value.hint)


@pytest.mark.parametrize("words", [("status",), ("config",), ("config", "set", "offline", "queue")])
def test_f46_of_settings_of_the_user_that_others_may_write_the_hint_is_one_that_helps(
    david: Person, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """They count in each repository, so that S3SYNC_TRUST=1 does not accept them: nothing says that it would."""
    own, other = tmp_path / "mounted" / "s3sync", tmp_path / "mine" / "s3sync"
    own.mkdir(parents=True)
    (own / "config.yaml").write_text("user: jan\n")
    (own / "config.yaml").chmod(0o666)
    told = david.expect(2, *words, env={"XDG_CONFIG_HOME": str(own.parent), "S3SYNC_TRUST": "1"})
    assert "chmod go-w" in told.err and "XDG_CONFIG_HOME" in told.err and "S3SYNC_TRUST" not in told.err
    shutil.copytree(own, other, copy_function=shutil.copyfile)
    david.ok(*words, env={"XDG_CONFIG_HOME": str(other.parent)})


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("other", ["up", PROJECT]),
        ("other/s3-staging/cut", ["up", "--project", PROJECT]),
        (f"{PROJECT}/s3-staging/cut", ["up"]),
        (PROJECT, ["up"]),
    ],
)
@pytest.mark.parametrize("name", ["film.mp4", "s3-staging/film.mp4"])
def test_the_hint_at_a_lock_breaks_that_one_and_no_other(
    tmp_path: Path, place: str, words: list[str], name: str
) -> None:
    """A file of the same name in another project, or deeper in this one, is locked as well: that lock stays."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    every = ["film.mp4", "cut/film.mp4", "s3-staging/film.mp4"]
    for person in (david, jan):
        person.ok("init", "other", "--yes", cwd=person.repo)
    for project in ("other", PROJECT):
        for path in every:
            (david.repo / project / "s3-staging" / path).parent.mkdir(parents=True, exist_ok=True)
            (david.repo / project / "s3-staging" / path).write_text(path)
        david.ok("up", project, cwd=david.repo)
        jan.ok("down", project, cwd=jan.repo)
        jan.ok("lock", *every, cwd=jan.repo / project / "s3-staging")
    (david.staging / name).write_text("newer")
    told = david.expect(6, *words, cwd=david.repo / place)
    (line,) = re.findall(r"wait or ask; `(.*)` breaks", told.err)
    script = f's3sync() {{ pwd; printf "%s\\0" "$@"; }}; {line}'
    done = subprocess.run(["bash", "-c", script], cwd=david.repo / place, capture_output=True, text=True, check=True)
    folder, typed_words = done.stdout.split("\n", 1)
    david.ok(*typed_words.split("\0")[:-1], cwd=Path(folder))
    held = {
        (project, lock["name"])
        for project in ("other", PROJECT)
        for lock in david.ok("locks", "--json", cwd=david.repo / project).json["locks"]
    }
    assert {(project, path) for project in ("other", PROJECT) for path in every} - held == {(PROJECT, name)}, line


def test_the_hint_at_a_lock_is_given_to_whoever_is_in_a_folder_that_is_gone(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("film.mp4", "1")
    david.ok("up")
    jan.ok("lock", "film.mp4")
    david.write("film.mp4", "newer")
    david.launcher = ["sh", "-c", 'mkdir d; cd d; rmdir ../d; exec "$@"', "sh"]
    told = david.expect(6, "sync", "--everywhere", cwd=tmp_path).err
    assert f"cd {typed(david.project)} && s3sync unlock --force film.mp4" in told

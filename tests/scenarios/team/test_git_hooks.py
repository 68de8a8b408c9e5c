"""Hooks in real git repositories: what they say, what they refuse, and that no hook of others is lost."""

from __future__ import annotations

import os
import pty
import shlex
import socket
import subprocess
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest

from s3sync.cli.show.hooks import waits_line
from s3sync.config import load_settings
from s3sync.connect import connect
from s3sync.team.githooks.script import HOOKS, before
from s3sync.team.githooks.waiting import Waits, synced_projects, what_waits
from tests.contract.proxy import proxying
from tests.kit.people import PROJECT, Person, pair
from tests.kit.servers import Moto

PATIENCE_S = 60
MIB = 1024 * 1024


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Person, Person]:
    """David and Jan with clones of one repository, on a folder store."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "origin.git")], check=True)
    for person in (david, jan):
        git(person, "init", "-q")
        git(person, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(david, "add", ".")
    commit(david, "first")
    git(david, "push", "-q", "origin", "HEAD:main")
    for path in (jan.repo / ".s3sync.yaml", jan.repo / ".gitignore"):
        path.unlink()
    git(jan, "pull", "-q", "origin", "main")
    return david, jan


def environment(person: Person) -> dict[str, str]:
    identity = {"GIT_AUTHOR_NAME": person.name, "GIT_AUTHOR_EMAIL": "x@y", "GIT_CONFIG_NOSYSTEM": "1"}
    return {**person.env(), **identity, "GIT_COMMITTER_NAME": person.name, "GIT_COMMITTER_EMAIL": "x@y"}


def git(person: Person, *words: str, code: int = 0, cwd: Path | None = None) -> str:
    """What git says, on either stream."""
    done = subprocess.run(
        ["git", *words], cwd=cwd or person.repo, env=environment(person), capture_output=True, text=True, check=False
    )
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


def commit(person: Person, message: str, **files: str) -> None:
    for name, content in files.items():
        (person.repo / name).write_text(content)
        git(person, "add", name)
    git(person, "commit", "-q", "--allow-empty", "-m", message)


def in_terminal(person: Person, *words: str, until: str) -> str:
    """What appears on a terminal until a text does, also after the command ended."""
    main, inner = pty.openpty()
    try:
        done = subprocess.Popen(
            words, cwd=person.repo, env=environment(person), stdin=inner, stdout=inner, stderr=inner
        )
        os.set_blocking(main, False)
        shown, end = "", time.monotonic() + PATIENCE_S
        while until not in shown and time.monotonic() < end:
            try:
                shown += os.read(main, 4096).decode()
            except BlockingIOError:
                time.sleep(0.05)
        assert done.wait(PATIENCE_S) == 0
        assert until in shown, shown
        return shown
    finally:
        os.close(main)
        os.close(inner)


def own_hook(person: Person, name: str, text: str, folder: str = ".git/hooks") -> Path:
    hook = person.repo / folder / name
    hook.parent.mkdir(parents=True, exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{text}\n")
    hook.chmod(0o755)
    return hook


def upload(david: Person, name: str, content: str) -> None:
    david.write(name, content)
    david.ok("up")


def states(person: Person) -> dict[str, str]:
    return {hook["name"]: hook["state"] for hook in person.run("hooks", "--json").json["hooks"]}


def test_a_pull_says_what_waits(clones: tuple[Person, Person]) -> None:
    david, jan = clones
    upload(david, "old.mp4", "old")
    jan.ok("down", PROJECT)
    jan.ok("hooks", "install")
    upload(david, "draft.mp4", "draft")
    upload(david, "voice.wav", "12345")
    commit(david, "second", notes="x")
    git(david, "push", "-q", "origin", "HEAD:main")
    before_it = jan.files()
    shown = in_terminal(jan, "git", "pull", "-q", "origin", "main", until="s3sync down b63-flivideo`")
    assert f"s3sync: {PROJECT}: 2 files to fetch (10 B, from david): `s3sync down {PROJECT}`" in shown
    assert jan.files() == before_it
    jan.ok("down", PROJECT)
    (david.staging / "old.mp4").unlink()
    david.ok("sync")
    shown = in_terminal(jan, "git", "checkout", "-q", "-b", "other", "HEAD^", until="`s3sync sync")
    assert "1 deleted by others" in shown


def test_one_request_each_and_none_is_read_twice(moto: Moto, tmp_path: Path) -> None:
    """What was settled is asked for on a condition, and answered with 304."""
    with proxying(moto.endpoint_url) as proxy:
        environ = {**moto.environment(), "AWS_ENDPOINT_URL": proxy.url}
        url = f"s3://{moto.bucket}/{uuid.uuid4().hex}"
        david, jan = pair(tmp_path, url, {"david": environ, "jan": environ})
        upload(david, "a", "a")
        jan.ok("down", PROJECT)
        settings = load_settings(jan.repo, flags={}, environ=jan.env())
        projects = synced_projects(settings, jan.repo)
        for files in (0, 0, 1):
            if files:
                upload(david, "b", "bb")
            proxy.requests.clear()
            found = what_waits(settings, connect(settings), projects)
            assert [(one.files, one.size_bytes, dict(one.by)) for one in found] == [(1, 2, {"david": 1})] * files
            assert [request.partition(" ")[0] for request in proxy.requests] == ["GET"]


def test_names_of_others_do_nothing_in_the_line() -> None:
    by = Counter({"da\x1b[31mvid": 1, "x" * 500: 1})
    line = waits_line([Waits("b6\u202e3; rm -rf ~", 2, 10, 0, by)])
    assert line.isprintable() and len(line) < 300 and "'b6\\u202e3; rm -rf ~'" in line
    assert waits_line([Waits("a", 1, 1), Waits("b", 0, 0, 2)]).endswith("`s3sync down --all`")


def test_of_files_alone_a_checkout_asks_nothing(clones: tuple[Person, Person]) -> None:
    david, jan = clones
    upload(david, "a", "a")
    jan.ok("down", PROJECT)
    upload(david, "b", "b")
    store = jan.root.parent / "store"
    store.rename(jan.root.parent / "away")
    for arguments in (("x", "y", "0"), ("same", "same", "1")):
        done = jan.ok("hooks", "run", "post-checkout", *arguments)
        assert (done.out, done.err) == ("", "")


@pytest.mark.parametrize("answers", [False, True])
def test_a_store_that_is_gone_or_never_answers_blocks_nothing(clones: tuple[Person, Person], answers: bool) -> None:
    david, jan = clones
    upload(david, "a", "a")
    jan.ok("down", PROJECT)
    jan.ok("hooks", "install")
    commit(david, "second", notes="x")
    git(david, "push", "-q", "origin", "HEAD:main")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if answers:
            server.listen()  # it takes connections, and says nothing on them
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        jan.environ = {
            "S3SYNC_STORE": "s3://bucket", "AWS_ENDPOINT_URL": address, "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        }  # fmt: skip
        assert "s3sync" not in git(jan, "pull", "-q", "origin", "main")


def test_one_that_was_not_agreed_to_is_said_and_not_asked(clones: tuple[Person, Person]) -> None:
    david, jan = clones
    upload(david, "a", "a")
    jan.ok("down", PROJECT)
    (jan.repo / ".s3sync.yaml").write_text("store: s3://elsewhere\nendpoint_url: http://127.0.0.1:9\nrepo: film\n")
    jan.environ = {"S3SYNC_TRUST": ""}
    shown = in_terminal(jan, *jan.program, "hooks", "run", "post-merge", until="s3sync trust`")
    assert "127.0.0.1" in shown or "elsewhere" in shown


def test_a_push_warns_of_what_nobody_else_has_and_goes_on(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    upload(david, "sent.mp4", "sent")
    seen = own_hook(david, "pre-push", 'cat > "$HOME/refs"; echo "$1" > "$HOME/arguments"')
    david.ok("hooks", "install")
    assert "s3sync" not in git(david, "push", "origin", "HEAD:main")
    david.write("draft.mp4", "12345")
    david.write("sent.mp4", "changed")
    commit(david, "second", notes="x")
    said = git(david, "push", "origin", "HEAD:main")
    assert f"s3sync: {PROJECT}: 2 files (12 B) only on this computer: `s3sync up {PROJECT}`" in said
    assert (david.root / "home/refs").read_text().count("refs/heads/main") == 1
    assert (david.root / "home/arguments").read_text() == "origin\n"
    kept = david.repo / ".git/hooks" / before("pre-push")
    kept.write_text("#!/bin/sh\nexit 1\n")
    commit(david, "third", notes="y")
    assert "s3sync" not in git(david, "push", "origin", "HEAD:main", code=1)
    assert seen.exists()


def test_a_commit_takes_up_no_file_of_a_staging_folder(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    david.ok("hooks", "install")
    david.write("cut/draft.mp4", "draft")
    git(david, "add", "-f", f"{PROJECT}/s3-staging/cut/draft.mp4")
    said = git(david, "commit", "-m", "no", code=1)
    assert "1 file of a staging folder" in said and f"{PROJECT}/s3-staging/cut/draft.mp4" in said
    hinted = said.partition("hint: `")[2].partition("`")[0]
    assert hinted == f"git rm --cached -- :/{PROJECT}/s3-staging/cut/draft.mp4" and "--no-verify" in said
    git(david, *shlex.split(hinted)[1:], cwd=david.project)
    assert david.read("cut/draft.mp4") == b"draft"
    commit(david, "yes", notes="x")
    git(david, "add", "-f", f"{PROJECT}/s3-staging/cut/draft.mp4")
    git(david, "commit", "-q", "--no-verify", "-m", "by force")
    git(david, "rm", "-q", "--cached", f"{PROJECT}/s3-staging/cut/draft.mp4")
    git(david, "commit", "-q", "-m", "taken out again")
    for name in ("one [1].mp4", "one 1.mp4"):
        david.write(name, "take")
    git(david, "add", "-f", f"{PROJECT}/s3-staging/one [[]1].mp4")
    hinted = git(david, "commit", "-m", "no", code=1).partition("hint: `")[2].partition("`")[0]
    git(david, *shlex.split(hinted)[1:], cwd=david.staging)
    assert git(david, "diff", "--cached", "--name-only") == "" and david.read("one [1].mp4") == b"take"
    nearly = david.repo / "docs/more/s3-staging"
    nearly.mkdir(parents=True)
    (nearly / "page").write_text("no project's")
    git(david, "add", "-f", "docs")
    git(david, "commit", "-q", "-m", "not one of a project")


def test_a_commit_that_cannot_be_checked_goes_on_and_says_so(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    david.ok("hooks", "install")
    (david.repo / ".s3sync.yaml").write_text("nonsense: 1\n")
    said = git(david, "commit", "--allow-empty", "-m", "x")
    assert "s3sync did not check this commit" in said and "nonsense" in said


@pytest.mark.parametrize("refuses", [False, True])
def test_large_files_are_told_or_refused_but_for_finished_ones(clones: tuple[Person, Person], refuses: bool) -> None:
    david, _ = clones
    david.ok("hooks", "install")
    with (david.repo / ".s3sync.yaml").open("a") as settings:
        settings.write(f"hooks: {{large: 1M, refuse_large: {'true' if refuses else 'false'}}}\n")
    (david.repo / "raw.mov").write_bytes(bytes(2 * MIB))
    (david.repo / "small.mov").write_bytes(bytes(MIB))
    (david.repo / "final").mkdir()
    (david.repo / "final/film.mp4").write_bytes(bytes(3 * MIB))
    (david.repo / "link.mov").symlink_to("raw.mov")
    git(david, "add", ".")
    said = git(david, "commit", "-m", "large", code=1 if refuses else 0)
    assert "raw.mov (2.1 MB)" in said and "film.mp4 (" not in said and "small.mov (" not in said
    assert ("Nothing was committed" in said) == refuses


def test_hooks_of_others_run_first_and_come_back(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    texts = {name: own_hook(david, name, f'echo "mine: {name}"').read_bytes() for name in HOOKS}
    link = david.repo / ".git/hooks/pre-commit"
    link.rename(david.repo / "script")
    link.symlink_to("../../script")
    david.ok("hooks", "install", "--dry-run")
    assert set(states(david).values()) == {"foreign"}
    shown = david.ok("hooks", "install").out
    assert shown.count("your own hook runs first") == 4
    assert not any(hook["changed"] for hook in david.ok("hooks", "install", "--json").json["hooks"])
    (david.repo / "new").write_text("x")
    git(david, "add", "new")
    assert "mine: pre-commit" in git(david, "commit", "-m", "x")
    assert "mine: post-checkout" in git(david, "checkout", "-b", "other")
    david.ok("hooks", "uninstall")
    assert link.is_symlink()
    for name, text in texts.items():
        assert (david.repo / ".git/hooks" / name).read_bytes() == text
        assert os.access(david.repo / ".git/hooks" / name, os.X_OK)
    assert not list((david.repo / ".git/hooks").glob("*.before-s3sync"))


def test_a_hook_of_others_that_fails_is_obeyed(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    own_hook(david, "pre-commit", "echo no; exit 7")
    david.ok("hooks", "install")
    assert "no" in git(david, "commit", "--allow-empty", "-m", "x", code=1)


@pytest.mark.parametrize(
    ("name", "code"), [("pre-commit", 7), ("pre-push", 9), ("post-merge", 3), ("post-checkout", 4)]
)
def test_arguments_input_and_exit_code_of_a_hook_of_others_pass_through(
    clones: tuple[Person, Person], name: str, code: int
) -> None:
    """Git itself makes 1 of any failure, so the hooks are called as git calls them."""
    david, _ = clones
    own_hook(david, name, f'printf "%s|" "$#" "$@" > "$HOME/got"; cat >> "$HOME/got"; exit {code}')
    david.ok("hooks", "install")
    given = ["a b", "", "c'd"] if name != "pre-commit" else []
    text = "refs/heads/main \\n 1\n\n" if name == "pre-push" else ""
    done = subprocess.run(
        [david.repo / ".git/hooks" / name, *given], cwd=david.repo, env=environment(david), input=text,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert (david.root / "home/got").read_text() == "|".join([str(len(given)), *given]) + "|" + text


def test_a_merge_and_a_rebase_go_through_and_say_what_waits(clones: tuple[Person, Person]) -> None:
    """Both have committed, so that git makes a merge, and then moves a commit."""
    david, jan = clones
    upload(david, "old.mp4", "old")
    jan.ok("down", PROJECT)
    jan.ok("hooks", "install")
    upload(david, "draft.mp4", "draft")
    commit(david, "theirs", notes="x")
    git(david, "push", "-q", "origin", "HEAD:main")
    commit(jan, "ours", others="y")
    pull = ("git", "pull", "-q", "--no-rebase", "--no-edit", "origin", "main")
    assert "1 file to fetch (5 B, from david)" in in_terminal(jan, *pull, until="s3sync down")
    assert git(jan, "rev-list", "--merges", "--count", "HEAD").strip() == "1"
    git(jan, "checkout", "-q", "-b", "side", "HEAD^")
    commit(jan, "aside", more="z")
    git(jan, "rebase", "-q", "-")
    assert (jan.repo / "more").exists() and (jan.repo / "notes").exists()


def test_killed_in_between_the_next_install_goes_on(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    mine = own_hook(david, "post-merge", "echo mine")
    os.link(mine, mine.with_name(before("post-merge")))
    david.ok("hooks", "install")
    assert mine.with_name(before("post-merge")).read_text().endswith("echo mine\n")
    assert "s3sync hook" in mine.read_text()


def test_what_somebody_changed_is_left_alone(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    david.ok("hooks", "install")
    hook = david.repo / ".git/hooks/pre-push"
    hook.write_text(hook.read_text() + "echo more\n")
    own_hook(david, "post-merge", "echo another program's")
    (david.repo / ".git/hooks" / before("post-merge")).write_text("echo the first one's")
    text = hook.read_bytes()
    for word in ("install", "uninstall"):
        done = david.expect(1, "hooks", word)
        assert "pre-push was s3sync's, and somebody changed it" in done.err and "is taken" in done.err
    assert hook.read_bytes() == text and states(david)["post-merge"] == "blocked"


def test_a_folder_of_the_repository_is_used(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    git(david, "config", "core.hooksPath", "tools/hooks")
    own_hook(david, "pre-commit", "echo ours", "tools/hooks")
    david.ok("hooks", "install")
    assert not (david.repo / ".git/hooks/pre-commit").exists()
    assert "ours" in git(david, "commit", "--allow-empty", "-m", "x")
    assert (david.repo / "tools/hooks/post-merge").exists()


@pytest.mark.parametrize("scope", ["global", "local"])
def test_a_folder_for_all_repositories_is_left_alone(clones: tuple[Person, Person], scope: str) -> None:
    david, _ = clones
    everywhere = david.root / "home" / "all hooks"
    everywhere.mkdir()
    git(david, "config", f"--{scope}", "core.hooksPath", str(everywhere))
    done = david.expect(1, "hooks", "install")
    assert str(everywhere) in done.err
    for name in HOOKS:
        assert f"s3sync hooks run {name}" in done.out
    assert not list(everywhere.iterdir())
    assert set(david.run("hooks", "--json").json["snippets"]) == set(HOOKS)


def test_husky_keeps_its_scripts_and_calls_ours(clones: tuple[Person, Person]) -> None:
    """As husky 9 lays it out: its own scripts in `.husky/_` call those of the team above them."""
    david, _ = clones
    git(david, "config", "core.hooksPath", ".husky/_")
    shim = 'h="${0##*/}"; s=".husky/$h"; [ -f "$s" ] || exit 0; sh -e "$s" "$@"'
    for name in HOOKS:
        own_hook(david, name, shim, ".husky/_")
    teams = own_hook(david, "pre-commit", "echo lint", ".husky")
    shims = {name: (david.repo / ".husky/_" / name).read_bytes() for name in HOOKS}
    david.ok("hooks", "install")
    david.ok("hooks", "install")
    assert teams.read_text().count("s3sync hooks run pre-commit") == 1
    assert {name: (david.repo / ".husky/_" / name).read_bytes() for name in HOOKS} == shims
    folder = str(Path(david.program[0]).parent)
    david.environ = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    david.write("draft", "x")
    git(david, "add", "-f", str(david.staging / "draft"))
    said = git(david, "commit", "-m", "x", code=1)
    assert "lint" in said and "of a staging folder" in said
    david.ok("hooks", "uninstall")
    assert teams.read_text() == "#!/bin/sh\necho lint\n" and not (david.repo / ".husky/post-merge").exists()


def test_pre_commit_calls_ours_from_its_own(clones: tuple[Person, Person]) -> None:
    """The program pre-commit renames what it finds, and calls it first."""
    david, _ = clones
    david.ok("hooks", "install")
    hook = david.repo / ".git/hooks/pre-commit"
    hook.rename(hook.with_name("pre-commit.legacy"))
    own_hook(david, "pre-commit", '"${0%/*}/pre-commit.legacy" "$@" || exit $?; echo pre-commit')
    assert states(david)["pre-commit"] == "installed"
    text = hook.read_bytes()
    david.ok("hooks", "install")
    assert hook.read_bytes() == text
    david.write("draft", "x")
    git(david, "add", "-f", str(david.staging / "draft"))
    assert "of a staging folder" in git(david, "commit", "-m", "x", code=1)
    david.ok("hooks", "uninstall")
    assert hook.read_bytes() == text and not hook.with_name("pre-commit.legacy").exists()


def test_worktrees_share_the_hooks_and_a_rebase_goes_through(clones: tuple[Person, Person]) -> None:
    david, jan = clones
    tree = david.root / "tree"
    git(david, "worktree", "add", "-q", str(tree), "-b", "other")
    david.ok("hooks", "install", cwd=tree)
    assert set(states(david).values()) == {"installed"}
    staged = tree / "b70" / "s3-staging"
    staged.mkdir(parents=True)
    (staged / "draft").write_text("x")
    git(david, "add", "-f", "b70", cwd=tree)
    assert "of a staging folder" in git(david, "commit", "-m", "x", code=1, cwd=tree)
    jan.ok("hooks", "install")
    commit(david, "theirs", notes="x")
    git(david, "push", "-q", "origin", "HEAD:main")
    commit(jan, "ours", others="y")
    git(jan, "pull", "-q", "--rebase", "origin", "main")
    assert (jan.repo / "notes").exists() and git(jan, "log", "--oneline").count("\n") == 3


def test_a_git_file_that_leads_into_another_repository_is_refused(clones: tuple[Person, Person]) -> None:
    david, jan = clones
    strange = david.root / "strange"
    strange.mkdir()
    (strange / ".s3sync.yaml").write_text("repo: x\n")
    (strange / ".git").write_text(f"gitdir: {jan.repo / '.git'}\n")
    done = david.expect(2, "hooks", "install", cwd=strange)
    assert "another repository" in done.err
    assert not (jan.repo / ".git/hooks/post-merge").exists()
    linked = david.repo / ".git/hooks"
    linked.rename(david.root / "kept")
    linked.symlink_to(jan.repo / ".git" / "hooks")
    assert david.run("hooks", "install").code != 0
    assert not (jan.repo / ".git/hooks/post-merge").exists()


def test_variables_of_git_lead_into_no_other_repository(clones: tuple[Person, Person]) -> None:
    """`git rebase --exec` and hooks hand them to what they start, wherever that goes on to."""
    david, jan = clones
    jan.ok("hooks", "install")
    david.environ = {**david.environ, "GIT_DIR": str(jan.repo / ".git"), "GIT_WORK_TREE": str(jan.repo)}
    for words in (("uninstall",), ("install",), ("install", "--settings")):
        assert "GIT_WORK_TREE" in david.expect(2, "hooks", *words).err
    assert set(states(jan).values()) == {"installed"}
    own = {"GIT_DIR": str(david.repo / ".git"), "GIT_WORK_TREE": str(david.repo)}
    david.environ = {**david.environ, **own}
    david.ok("hooks", "install")
    assert (david.repo / ".git/hooks/post-merge").exists()


@pytest.mark.parametrize("inner", ["vendor/lib/.git/hooks", ".git/modules/lib/hooks", "x/.GIT"])
def test_a_hooks_path_that_leads_into_another_repository_is_left_alone(
    inner: str, clones: tuple[Person, Person]
) -> None:
    david, _ = clones
    (david.repo / inner).mkdir(parents=True)
    git(david, "config", "core.hooksPath", inner)
    assert "another repository" in david.expect(1, "hooks", "install").err
    assert not list((david.repo / inner).iterdir())


def test_outside_of_a_repository_and_for_an_unknown_hook(clones: tuple[Person, Person], tmp_path: Path) -> None:
    david, _ = clones
    david.expect(2, "hooks", "install", cwd=tmp_path)
    assert "the hooks are post-merge" in david.expect(2, "hooks", "run", "post-receive").err


@pytest.mark.parametrize("setting", ["core.fsmonitor", "remote.origin.url"])
def test_no_program_that_a_clones_settings_name_is_run(clones: tuple[Person, Person], setting: str) -> None:
    """Somebody unpacked a repository with its `.git`: git asks such a program what changed, or for a missing object."""
    david, _ = clones
    program = own_hook(david, "evil", f"echo ran >> '{david.root}/ran'", "tools")
    git(david, "config", "extensions.partialClone", "origin")
    git(david, "config", "core.repositoryFormatVersion", "1")
    git(david, "config", "protocol.ext.allow", "always")
    blob = git(david, "hash-object", "-w", ".s3sync.yaml").strip()
    git(david, "update-index", "--add", "--cacheinfo", f"100644,{'1' * len(blob)},lost")
    git(david, "config", setting, str(program) if setting == "core.fsmonitor" else f"ext::{program}")
    for words in (["status"], ["install"], ["run", "pre-commit"], ["uninstall"]):
        david.run("hooks", *words, cwd=david.repo)
    assert not (david.root / "ran").exists()
    subprocess.run(
        ["git", "cat-file", "-e", "1" * len(blob)] if setting != "core.fsmonitor" else ["git", "status"],
        cwd=david.repo, env=environment(david), capture_output=True, check=False,
    )  # fmt: skip
    assert (david.root / "ran").exists(), "git itself would have run it"


def test_a_script_of_huskys_that_is_a_link_is_left_alone(clones: tuple[Person, Person]) -> None:
    david, _ = clones
    git(david, "config", "core.hooksPath", ".husky/_")
    own_hook(david, "pre-commit", "true", ".husky/_")
    shared = own_hook(david, "lint", "echo lint", "tools")
    (david.repo / ".husky/pre-commit").symlink_to("../tools/lint")
    said = david.expect(1, "hooks", "install")
    assert "pre-commit is a link" in said.err and shared.read_text() == "#!/bin/sh\necho lint\n"
    assert (david.repo / ".husky/pre-commit").is_symlink() and states(david)["pre-push"] == "installed"
    david.expect(1, "hooks", "uninstall")
    assert (david.repo / ".husky/pre-commit").is_symlink() and not (david.repo / ".husky/pre-push").exists()

"""Trust on first use: a store, a server or an AWS profile that a repository names is asked about once."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from s3sync.api import Project
from s3sync.cli.main import run
from s3sync.config import load_settings
from s3sync.errors import NotTrusted
from s3sync.trust import is_named_by_repository
from tests.kit.people import Person
from tests.promises.hostile.liar import Lie, error, liar
from tests.scenarios.cli.conftest import NewPerson
from tests.scenarios.cli.terminal import on_terminal

QUESTION = "Do you trust this place? [y/N]"
COMMANDS = [
    ("status",), ("status", "--all"), ("up",), ("up", "--all"), ("up", "--dry-run"), ("down",), ("sync",),
    ("cleanup", "--yes"), ("verify",), ("transfers",), ("doctor",), ("doctor", "--fix"),
]  # fmt: skip


@pytest.fixture
def david(new_person: NewPerson) -> Person:
    """He has agreed to nothing, and nothing agrees for him."""
    return new_person(S3SYNC_TRUST="")


def name_store(person: Person, name: str = "team", more: str = "") -> Path:
    """What a commit of somebody does to the repository; the folder of the store."""
    folder = person.root / name
    (person.repo / ".s3sync.yaml").write_text(f"store: file://{folder}\nrepo: r\n{more}")
    return folder


def init(person: Person, *words: str) -> None:
    person.ok("init", person.project.name, *words, cwd=person.repo)


def book(person: Person) -> Path:
    return person.root / "home" / ".local" / "share" / "s3sync" / "trust" / "places.json"


def places(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.ok("trust", "--list", "--json").json["places"]
    return found


@pytest.mark.parametrize("words", COMMANDS)
def test_f47_a_new_store_is_opened_by_no_command(david: Person, words: tuple[str, ...]) -> None:
    folder = name_store(david)
    folder.mkdir()
    result = david.expect(5, *words)
    assert f"sends files to file://{folder}" in result.err and "`s3sync trust`" in result.err
    assert not list(folder.iterdir()) and not book(david).exists()


def test_f47_the_hint_does_not_name_a_command_that_would_agree_to_another_place(david: Person) -> None:
    """`s3sync trust` knows no --profile: whoever followed such a hint was refused again."""
    (david.repo / ".s3sync.yaml").write_text("store: s3://bucket\nendpoint_url: http://127.0.0.1:9\nrepo: r\n")
    david.ok("trust", "--yes")
    for flag in (("--profile", "jan"), ("--store", "s3://bucket/elsewhere")):
        said = david.expect(5, "up", *flag).err
        assert "in a terminal" in said and "`s3sync trust`" not in said
    said = david.expect(5, "up", env={"AWS_PROFILE": "jan"}).err
    assert "run `s3sync trust`" in said
    david.ok("trust", "--yes", env={"AWS_PROFILE": "jan"})
    assert "you have not agreed" not in david.run("up", env={"AWS_PROFILE": "jan"}).err


def test_f47_a_move_from_a_folder_names_the_store_and_no_server_that_never_was(david: Person) -> None:
    name_store(david)
    david.ok("trust", "--yes")
    (david.repo / ".s3sync.yaml").write_text("store: s3://bucket\nendpoint_url: http://127.0.0.1:9\nrepo: r\n")
    said = david.expect(5, "status").err
    assert f"the store was file://{david.root / 'team'} before" in said and "AWS" not in said
    david.ok("trust", "--yes")
    (david.repo / ".s3sync.yaml").write_text("store: s3://bucket\nendpoint_url: http://127.0.0.1:10\nrepo: r\n")
    assert "the server was http://127.0.0.1:9 before" in david.expect(5, "status").err


def test_f47_the_refusal_is_json_too_and_a_typed_error(david: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    name_store(david)
    said = david.expect(5, "status", "--json").json
    assert (said["error"]["type"], said["exit_code"]) == ("NotTrusted", 5)
    with pytest.raises(NotTrusted, match="sends files to"):
        Project.open(path=david.project, environ=david.env())


def test_f47_the_question_is_asked_once_on_a_terminal(david: Person) -> None:
    folder = name_store(david)
    init(david)
    david.ok("trust", "--forget")
    shown = on_terminal(david, "status", answers=[(QUESTION, "no")])
    assert shown.code == 5 and f"store:      file://{folder}" in shown.out
    assert not places(david)
    shown = on_terminal(david, "status", answers=[(QUESTION, "y")])
    assert shown.code == 0 and "draft.mp4" in shown.out, shown
    again = on_terminal(david, "status")
    assert again.code == 0 and QUESTION not in again.out
    david.ok("up")


def test_of_a_store_that_was_typed_the_question_names_what_the_repository_says(david: Person) -> None:
    """Two places at a server of the repository's settings: its store has no part in them."""
    heard: list[str] = []

    def listen(lie: Lie) -> tuple[int, dict[str, str], bytes]:
        heard.append(str(lie.headers))
        return error(403, "AccessDenied")

    give_keys(david, "default", "dev")
    with liar(listen) as server:
        (david.repo / ".s3sync.yaml").write_text(f"store: s3://ours\nendpoint_url: {server}\n")
        words = ("copy", "s3://typed/x", str(david.root / "to"), "--profile", "dev")
        refused = david.expect(5, *words, cwd=david.repo)
        assert "a file of this repository names the server for a store that you typed: s3://typed" in refused.err
        shown = on_terminal(david, *words, answers=[(QUESTION, "")])
        assert "You typed this store, and a file of this repository names the server" in shown.out
        assert "names a store that you" not in shown.out and f"server:     {server}" in shown.out
        assert shown.code == 5 and not heard


def test_a_profile_in_the_repository_is_nothing_to_a_store_of_another_vendor(david: Person) -> None:
    (david.repo / ".s3sync.yaml").write_text("profile: prod\nkms_key_id: theirs\nsse: aws:kms\n")
    settings = load_settings(david.repo, flags={"store": "gs://mine/x"}, environ=david.env())
    assert not is_named_by_repository(settings)
    settings = load_settings(david.repo, flags={"store": "s3://mine/x"}, environ=david.env())
    assert is_named_by_repository(settings)


CHANGES = {
    "the store": ("store: s3://theirs\nendpoint_url: {server}\nprofile: dev\n", "the store was s3://ours"),
    "the prefix": ("store: s3://ours/x\nendpoint_url: {server}\nprofile: dev\n", "the store was s3://ours"),
    "the server": ("store: s3://ours\nendpoint_url: {server}/x\nprofile: dev\n", "the server was {server}"),
    "the profile": ("store: s3://ours\nendpoint_url: {server}\nprofile: prod-admin\n", "the AWS profile was dev"),
    "a key": (
        "store: s3://ours\nendpoint_url: {server}\nprofile: dev\nsse: aws:kms\nkms_key_id: theirs\n",
        "the KMS key was none",
    ),
    "no profile": ("store: s3://ours\nendpoint_url: {server}\n", "the AWS profile was dev"),
}


def give_keys(person: Person, *profiles: str) -> None:
    """Keys in the user's own AWS profiles."""
    aws = person.root / "home" / ".aws"
    aws.mkdir()
    keys = "aws_access_key_id = AKIACANARYCANARY1234\naws_secret_access_key = canary\naws_session_token = canary\n"
    (aws / "credentials").write_text("".join(f"[{name}]\n{keys}" for name in profiles))


@pytest.mark.parametrize("change", CHANGES)
def test_f47_a_change_of_any_part_is_said_as_one_and_sends_nothing(david: Person, change: str) -> None:
    heard: list[str] = []

    def listen(lie: Lie) -> tuple[int, dict[str, str], bytes]:
        heard.append(str(lie.headers))
        return error(403, "AccessDenied")

    give_keys(david, "default", "dev", "prod-admin")
    text, told = CHANGES[change]
    with liar(listen) as server:
        settings = david.repo / ".s3sync.yaml"
        settings.write_text(f"store: s3://ours\nendpoint_url: {server}\nprofile: dev\n")
        david.ok("trust", "--yes")
        assert david.run("status").code == 1 and heard
        heard.clear()
        settings.write_text(text.format(server=server))
        refused = david.expect(5, "up")
        assert "this repository now sends files to" in refused.err and told.format(server=server) in refused.err
        shown = on_terminal(david, "up", answers=[(QUESTION, "")])
        assert shown.code == 5 and told.format(server=server) in shown.out
        assert not heard
        settings.write_text(f"store: s3://ours\nendpoint_url: {server}\nprofile: dev\n")
        assert david.run("status").code == 1 and heard, "the old place is still agreed to"


@pytest.mark.parametrize(
    ("text", "env_file", "more"),
    [
        ("profile: prod-admin\n", "", {"S3SYNC_STORE": "s3://ours"}),
        ("endpoint_url: http://127.0.0.1:9\n", "", {"S3SYNC_STORE": "s3://ours"}),
        ("", "AWS_PROFILE=prod-admin\n", {"S3SYNC_STORE": "s3://ours"}),
        ("sse: aws:kms\nkms_key_id: arn:aws:kms:eu-west-1:666:key/theirs\n", "", {"S3SYNC_STORE": "s3://ours"}),
        ("", "S3_COLLAB_BUCKET=theirs\n", {}),
        ("", "AWS_ACCESS_KEY_ID=AKIATHEIRSTHEIRS1234\nAWS_SECRET_ACCESS_KEY=x\n", {"S3SYNC_STORE": "s3://ours"}),
        ("", "export OTHER=1\nS3SYNC_STORE=file:///tmp/theirs\n", {}),
    ],
)
def test_f47_any_part_of_a_repository_is_asked_about(
    david: Person, text: str, env_file: str, more: dict[str, str]
) -> None:
    (david.repo / ".s3sync.yaml").write_text(text)
    (david.repo / ".video-tools.env").write_text(env_file)
    david.expect(5, "status", env=more)


def test_f47_who_signs_is_asked_about_when_a_repository_takes_its_own_keys_away(david: Person) -> None:
    """Agreed to was a server that gets signatures of keys which came with the repository; then the user's own sign."""
    heard: list[str] = []

    def listen(lie: Lie) -> tuple[int, dict[str, str], bytes]:
        heard.append(str(lie.headers))
        return error(403, "AccessDenied")

    give_keys(david, "default")
    env_file = david.repo / ".video-tools.env"
    with liar(listen) as server:
        (david.repo / ".s3sync.yaml").write_text(f"store: s3://ours\nendpoint_url: {server}\n")
        env_file.write_text("AWS_ACCESS_KEY_ID=AKIATHEIRSTHEIRS1234\nAWS_SECRET_ACCESS_KEY=theirs\n")
        assert "signed by:  the keys in .video-tools.env" in david.expect(5, "trust").err
        david.ok("trust", "--yes")
        assert david.run("status").code == 1 and "AKIATHEIRS" in "".join(heard)
        heard.clear()
        for text in ("", "# AWS_ACCESS_KEY_ID=\n", "AWS_SECRET_ACCESS_KEY=theirs\n", "AWS_ACCESS_KEY_ID=\n"):
            env_file.write_text(text)
            refused = david.expect(5, "up")
            assert "what signs was the keys in .video-tools.env before" in refused.err and not heard
        own = {"AWS_ACCESS_KEY_ID": "AKIACANARYCANARY1234", "AWS_SECRET_ACCESS_KEY": "canary"}
        env_file.write_text("AWS_ACCESS_KEY_ID=AKIATHEIRSTHEIRS1234\nAWS_SECRET_ACCESS_KEY=theirs\n")
        david.expect(5, "up", env=own)
        assert not heard


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "eu-isoe-west-1"])
@pytest.mark.parametrize("named_by", ["the repository", "the user"])
def test_f47_a_bucket_of_the_same_name_may_be_another_one(david: Person, region: str, named_by: str) -> None:
    """In China and in the clouds of governments a name that is taken elsewhere is free for anybody."""
    env = {"S3SYNC_STORE": "s3://ours"} if named_by == "the user" else {}
    text = "" if env else "store: s3://ours\n"
    (david.repo / ".video-tools.env").write_text("AWS_ACCESS_KEY_ID=AKIATHEIRSTHEIRS1234\nAWS_SECRET_ACCESS_KEY=x\n")
    (david.repo / ".s3sync.yaml").write_text(f"{text}region: eu-west-1\n")
    david.ok("trust", "--yes", env=env)
    (david.repo / ".s3sync.yaml").write_text(f"{text}region: {region}\n")
    assert f"AWS in {region}" in david.expect(5, "up", env=env).err
    (david.repo / ".s3sync.yaml").write_text(text)
    (david.repo / ".video-tools.env").write_text(
        f"AWS_ACCESS_KEY_ID=AKIATHEIRSTHEIRS1234\nAWS_SECRET_ACCESS_KEY=x\nAWS_REGION={region}\n"
    )
    assert f"AWS in {region}" in david.expect(5, "status", env=env).err


@pytest.mark.parametrize("other", ["secret", "R", "r2"])
def test_f47_the_name_in_the_store_is_part_of_the_place(david: Person, other: str) -> None:
    """Under another name lie files of others: they would come here, and go from here to where a third one reads."""
    folder = name_store(david)
    init(david)
    (david.repo / ".s3sync.yaml").write_text(f"store: file://{folder}\nrepo: {other}\n")
    for words in (("down",), ("up", "--dry-run"), ("projects",)):
        said = david.expect(5, *words).err
        assert "the name there was r before" in said and f"under the name {other}" in said
    assert f"  name there: {other}" in david.expect(5, "trust").err


def test_f47_a_name_that_is_the_folders_own_needs_no_question(david: Person) -> None:
    folder = david.root / "team"
    (david.repo / ".s3sync.yaml").write_text(f"store: file://{folder}\n")
    init(david)
    (david.repo / ".s3sync.yaml").write_text(f"store: file://{folder}\nrepo: {david.repo.name}\n")
    david.ok("status")
    david.ok("status", env={"S3SYNC_REPO": "mine"})
    assert len(places(david)) == 1


def test_f47_what_the_user_says_in_person_is_not_asked_about(david: Person, tmp_path: Path) -> None:
    init(david, "--store", f"file://{tmp_path}/nas")
    david.ok("trust", "--forget")
    (david.repo / ".s3sync.yaml").write_text(f"store: file://{david.root}/theirs\nrepo: {david.repo.name}\n")
    flag = ("--store", f"file://{tmp_path}/nas")
    david.ok("status", *flag)
    david.ok("status", env={"S3SYNC_STORE": f"file://{tmp_path}/nas"})
    david.ok("up", *flag)
    assert not places(david)
    (david.repo / ".s3sync.yaml").unlink()
    david.ok("status")
    assert [place["store"] for place in places(david)] == [f"file://{david.root}/home/.local/share/s3sync/store"]


def test_f47_a_profile_of_the_users_own_file_is_his_own_word(david: Person) -> None:
    own = david.root / "home" / ".config" / "s3sync" / "config.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("profile: mine\n")
    result = david.expect(1, "status", env={"S3SYNC_STORE": "s3://ours"})
    assert "there is no AWS profile mine" in result.err


def test_f47_the_environment_says_yes_and_no_file_can(david: Person) -> None:
    folder = name_store(david)
    init(david)
    shutil.rmtree(book(david).parent)
    david.expect(5, "status")
    david.expect(5, "status", env={"S3SYNC_TRUST": "yes"})
    david.ok("status", env={"S3SYNC_TRUST": "1"})
    assert not book(david).exists()
    (david.repo / ".video-tools.env").write_text("S3SYNC_TRUST=1\n")
    assert "S3SYNC_TRUST may not stand in" in david.expect(2, "status").err
    (david.repo / ".video-tools.env").unlink()
    (david.repo / ".s3sync.yaml").write_text(f"store: file://{folder}\ntrust: 1\n")
    david.expect(2, "status")


def test_f47_init_agrees_and_shows_what_to(david: Person) -> None:
    folder = name_store(david)
    said = david.ok("init", david.project.name, "-y", cwd=david.repo).out
    assert f"trusted: files of this repository go to file://{folder}" in said
    david.ok("up")
    assert [place["store"] for place in places(david)] == [f"file://{folder}"]


def test_f47_init_on_a_terminal_asks(david: Person) -> None:
    folder = name_store(david)
    words = ("init", david.project.name, "--user", "david")
    shown = on_terminal(david, *words, cwd=david.repo, answers=[(QUESTION, "n")])
    assert shown.code == 5 and not folder.exists() and not book(david).exists()
    shown = on_terminal(david, *words, cwd=david.repo, answers=[(QUESTION, "y")])
    assert shown.code == 0 and folder.exists()
    shown = on_terminal(david, *words, cwd=david.repo)
    assert shown.code == 0 and QUESTION not in shown.out


CHANGED_MEANWHILE = {
    "another store": "store: file://{root}/theirs\nrepo: r\n",
    "another prefix": "store: file://{root}/team/sub\nrepo: r\n",
    "another name": "store: file://{root}/team\nrepo: theirs\n",
    "a server": "store: s3://team\nendpoint_url: http://127.0.0.1:9\nrepo: r\n",
    "no store": "repo: r\n",
}


@pytest.mark.parametrize("change", CHANGED_MEANWHILE)
def test_f47_what_init_asked_about_is_what_it_agrees_to(
    change: str, david: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull brings other settings between the question and the answer."""
    folder = name_store(david)
    folder.mkdir()
    before = sorted(path.name for path in david.root.iterdir())

    def answered(question: str) -> bool:
        text = CHANGED_MEANWHILE[change].format(root=david.root)
        (david.repo / ".s3sync.yaml").write_text(text)
        return True

    monkeypatch.setattr("s3sync.cli.output.answered_yes", answered)
    monkeypatch.setattr("sys.stdin", Terminal())
    for name in [name for name in os.environ if name.startswith(("S3SYNC_", "XDG_", "AWS_"))]:
        monkeypatch.delenv(name)
    for name, value in david.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(david.repo)
    code = run(["init", david.project.name])
    assert code == 5
    assert not book(david).exists() and sorted(path.name for path in david.root.iterdir()) == before
    assert list(folder.iterdir()) == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("own", "agrees"),
    [("S3SYNC_PROFILE", True), ("S3SYNC_ENDPOINT_URL", True), ("nothing", False)],
)
def test_f47_what_the_user_says_by_himself_needs_no_second_answer(own: str, agrees: bool, david: Person) -> None:
    """After `init --profile dev` his environment may still name another profile: that is his word as well."""
    from s3sync.config import load_settings
    from s3sync.trust import is_place, place_of

    (david.repo / ".s3sync.yaml").write_text("store: s3://ours\nendpoint_url: https://ours\nprofile: dev\nrepo: r\n")
    agreed = place_of(load_settings(david.repo, flags={}, environ=david.env()))
    value = "https://mine" if own.endswith("URL") else "mine"
    environ = {**david.env(), own: value}
    if not agrees:
        (david.repo / ".s3sync.yaml").write_text("store: s3://ours\nprofile: dev\nrepo: r\n")
    assert is_place(load_settings(david.repo, flags={}, environ=environ), agreed) is agrees


def test_f47_a_moved_and_a_copied_clone_are_asked_again(david: Person) -> None:
    name_store(david)
    init(david)
    copied = david.root / "copied"
    shutil.copytree(david.repo, copied)
    david.expect(5, "status", cwd=copied / david.project.name)
    david.ok("status")
    link = david.root / "link"
    link.symlink_to(david.repo)
    david.ok("status", cwd=link / david.project.name)


def test_trust_and_forget(david: Person) -> None:
    assert david.ok("trust", "--json").json["did"] == "needless", "the folder on this computer needs no question"
    folder = name_store(david)
    refused = david.expect(5, "trust")
    assert f"store:      file://{folder}" in refused.err and "--yes" in refused.err
    said = david.ok("trust", "--yes", "--json").json
    assert (said["did"], said["places"][0]["store"]) == ("trusted", f"file://{folder}")
    assert david.ok("trust", "--json").json["did"] == "known"
    assert str(folder) in david.ok("trust", "--list").out
    assert [place["store"] for place in david.ok("trust", "--forget", "--json").json["places"]] == [f"file://{folder}"]
    assert david.ok("trust", "--list", "--json").json["places"] == []
    david.expect(5, "status")
    david.expect(2, "trust", "--list", "--forget")


DAMAGED = {
    "empty": b"",
    "cut off": b'{"schema":1,"places":[{"repos',
    "another type": b'{"schema":1,"places":{}}',
    "an unknown field": b'{"schema":1,"places":[],"all":true}',
    "newer": b'{"schema":2,"places":[]}',
    "a wildcard": b'{"schema":1,"places":[{"repository":null,"store":null,"at":"x"}]}',
    "deep": b"[" * 100_000,
    "binary": b"\xff\xfe\x00",
    "too many": json.dumps(
        {"schema": 1, "places": [{"repository": "/r", "store": "s3://b", "at": "x"}] * 501}
    ).encode(),
    "huge": b" " * (1 << 20) + b"1",
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_f47_a_damaged_book_trusts_nothing(david: Person, damage: str) -> None:
    name_store(david)
    init(david)
    book(david).write_bytes(DAMAGED[damage])
    for words in (("status",), ("trust", "--yes"), ("trust", "--forget"), ("trust", "--list")):
        result = david.expect(2, *words)
        assert str(book(david)) in result.err and result.err.count("error: ") == 1
    assert book(david).read_bytes() == DAMAGED[damage]


def test_f47_the_book_is_the_users_alone(david: Person) -> None:
    name_store(david)
    book(david).parent.mkdir(parents=True, mode=0o755)
    init(david)
    assert stat.S_IMODE(book(david).stat().st_mode) == 0o600
    assert stat.S_IMODE(book(david).parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["link", "fifo", "foreign"])
def test_f47_a_book_of_somebody_else_trusts_nothing(david: Person, kind: str) -> None:
    name_store(david)
    init(david)
    other = david.root / "other.json"
    book(david).rename(other)
    if kind == "link":
        book(david).symlink_to(other)
    elif kind == "fifo":
        os.mkfifo(book(david))
    else:
        if os.geteuid() != 0:
            pytest.skip("only root can give a file to another user")
        shutil.copy(other, book(david))
        os.chown(book(david), 65534, 65534)
    assert str(book(david)) in david.expect(2, "status").err


def test_f47_plain_http_is_said_each_time_until_trusted(david: Person) -> None:
    with liar(lambda lie: error(403, "AccessDenied")) as address:
        server = address.replace("127.0.0.1", "0.0.0.0")  # this computer, by a name that is not loopback
        said = {"S3SYNC_STORE": "s3://ours", "AWS_ENDPOINT_URL": server}
        david.environ = {**david.environ, **said, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        for _ in range(2):
            assert f"warning: {server} is not encrypted" in david.expect(1, "status").err
        asked = david.expect(5, "trust").err
        assert "You name this store yourself" in asked and "A file of this repository" not in asked
        david.ok("trust", "--yes")
        assert "warning" not in david.expect(1, "status").err


@pytest.mark.parametrize(
    ("endpoint", "unencrypted"),
    [
        ("http://127.0.0.1:9000", False), ("http://[::1]:9000", False), ("http://localhost", False),
        ("https://evil", False), ("http://10.0.0.1", True), ("http://localhost.evil.com", True),
        ("http://s3.localhost", True), ("http://127.0.0.1.evil.com", True), ("http://2130706433.x", True),
        ("http://[::ffff:10.0.0.1]", True),
    ],
)  # fmt: skip
def test_f47_only_this_computer_is_loopback(endpoint: str, unencrypted: bool) -> None:
    from s3sync.trust import Place

    assert Place(repository="/r", store="s3://b", endpoint=endpoint).unencrypted is unencrypted


@pytest.mark.parametrize("mark", ["@", "?"])
def test_f47_a_folder_is_agreed_to_by_its_whole_path(david: Person, mark: str) -> None:
    """What looks like a login or a query in an address is a name of a folder here."""
    agreed, other = david.root / f"me{mark}example.com" / "team", david.root / "public" / f"{mark}example.com" / "team"
    for folder in (agreed, other):
        folder.mkdir(parents=True)
    settings = david.repo / ".s3sync.yaml"
    settings.write_text(f"store: file://{agreed}\n")
    asked = david.expect(5, "status").err
    assert f"file://{agreed}" in asked
    david.ok("trust", "--yes")
    settings.write_text(f"store: file://{other}\n")
    assert f"file://{other}" in david.expect(5, "status").err


@pytest.mark.parametrize(
    "line",
    [
        "profile: 'prod" + " " * 200 + "warning:    none'",
        "profile: " + "a" * 500,
        "sse: aws:kms\nkms_key_id: 'x  store: s3://ours'",
        "sse: aws:kms\nkms_key_id: " + "k/" * 400 + "'",
    ],
    ids=["blanks", "long", "another line", "odd"],
)
def test_f47_no_setting_writes_lines_into_the_question(david: Person, line: str) -> None:
    (david.repo / ".s3sync.yaml").write_text(f"store: s3://theirs\nregion: eu-west-1\n{line}\n")
    for command in ("trust", "status"):
        refused = david.expect(2, command).err
        assert "is not valid" in refused and "  " * 20 not in refused and len(refused) < 2000


def test_the_store_of_an_archive_set_is_asked_about_as_one(david: Person) -> None:
    """Nothing of the staging folders goes there, and the repository's own store is no earlier place of it."""
    vault = david.root / "vault"
    sets = f"archives:\n  sessions: {{store: 'file://{vault}', source: raw/*, layout: '{{id}}'}}\n"
    name_store(david, more=sets)
    asked = david.expect(5, "trust", answer="n\n").err
    assert "A file of this repository names a store" in asked and "set:" not in asked
    name_store(david)
    david.ok("trust", "--yes")
    name_store(david, more=sets)
    asked = david.expect(5, "trust", answer="n\n").err
    assert "An archive set of this repository would send to a store" in asked
    assert "sessions, which takes raw/*" in asked and f"file://{vault}" in asked
    assert "archive run sends there" in asked and "staging folders" not in asked and "changed" not in asked
    david.ok("trust", "--yes")
    assert len(places(david)) == 2


@pytest.mark.parametrize("server", ["http://127.0.0.1:9", "http://localhost:9"])
def test_f47_a_bucket_in_the_name_of_this_computer_is_another_host(david: Person, server: str) -> None:
    """`bucket.localhost` is asked of the network's name server on many systems."""
    text = f"store: s3://team/in\nendpoint_url: {server}\nrepo: r\n"
    (david.repo / ".s3sync.yaml").write_text(text)
    assert "encrypt" not in david.expect(5, "status").err
    (david.repo / ".s3sync.yaml").write_text(f"{text}addressing: virtual\n")
    told = david.expect(5, "status").err
    assert f"at {server.replace('://', '://team.')}, without encryption" in told


def test_a_clone_that_lost_its_settings_keeps_nothing_on_this_computer_instead(david: Person) -> None:
    """As on a branch without them: the files would look as if they were sent, and be nowhere but here."""
    team, file = name_store(david), david.repo / ".s3sync.yaml"
    init(david, "--user", "david")
    david.write("a.mp4", "one")
    david.ok("up")
    said = file.read_text()
    file.unlink()
    for words in (("status",), ("up",), ("sync",)):
        told = david.expect(5, *words).err
        assert f"they went to file://{team}" in told and "git checkout -- .s3sync.yaml" in told
    assert not list((david.root / "home" / ".local" / "share" / "s3sync" / "store").rglob("a.mp4"))
    file.write_text(said)
    assert set(david.states().values()) == {"in_sync"}
    file.unlink()
    david.ok("trust", "--forget")
    david.ok("up")
    assert list((david.root / "home" / ".local" / "share" / "s3sync" / "store").rglob("a.mp4"))


def test_a_clone_that_began_on_this_computer_may_go_back_to_it(david: Person) -> None:
    init(david, "--user", "david")
    david.write("a.mp4", "one")
    david.ok("up")
    name_store(david)
    david.ok("trust", "--yes")
    (david.repo / ".s3sync.yaml").unlink()
    david.ok("status")

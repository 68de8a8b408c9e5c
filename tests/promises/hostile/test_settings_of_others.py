"""Settings that a committer, a bucket or another user of the computer can write: nothing in them is run or trusted.

The attacks run with S3SYNC_TRUST=1, so that no question about the store stands in the way. What that variable accepts,
files of other users, is tried without it.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.people import Person, Result
from tests.promises.hostile.liar import Lie, error, liar

COMMANDS = [("status",), ("up", "--dry-run"), ("doctor",), ("transfers",)]
BUCKET = "S3SYNC_STORE=s3://any-bucket\n"
SOMEBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


@pytest.fixture
def victim(david: Person, tmp_path: Path) -> Person:
    """David in a repository with a program that must never run, and files of AWS that name it."""
    program = tmp_path / "canary"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    program.chmod(0o755)
    process = f"credential_process = {program}\n"
    for folder in (david.repo, david.project, david.staging):
        (folder / ".aws").mkdir()
        for name in (".cfg", ".aws/config"):
            (folder / name).write_text(f"[default]\n{process}[profile p]\n{process}")
        (folder / ".aws" / "credentials").write_text(f"[default]\n{process}[p]\n{process}")
    david.environ = {"S3SYNC_TRUST": "1", "GITHUB_TOKEN": "canary-token", "AWS_MAX_ATTEMPTS": "1"}
    return david


@pytest.fixture
def careful(david: Person) -> Person:
    """David without S3SYNC_TRUST."""
    david.environ = {"S3SYNC_TRUST": ""}
    return david


def ran(person: Person) -> bool:
    return (person.root.parent.parent / "ran").exists()


ENV_FILES = [
    "AWS_CONFIG_FILE=.cfg\nAWS_PROFILE=p\n",
    "export AWS_CONFIG_FILE='.cfg'\n",
    "aws_config_file=.cfg\nAWS_PROFILE=p\n",
    "AWS_SHARED_CREDENTIALS_FILE=.aws/credentials\nAWS_PROFILE=p\n",
    "HOME=.\nUSERPROFILE=.\nAWS_PROFILE=p\n",
    "XDG_CONFIG_HOME=.\nBOTO_CONFIG=.cfg\n",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/\nAWS_CONTAINER_AUTHORIZATION_TOKEN=${GITHUB_TOKEN}\n",
    "AWS_WEB_IDENTITY_TOKEN_FILE=.cfg\nAWS_ROLE_ARN=arn:aws:iam::1:role/x\nAWS_ENDPOINT_URL_STS=http://127.0.0.1:1\n",
]


@pytest.mark.parametrize("place", ["repo", "project", "staging"])
@pytest.mark.parametrize("text", ENV_FILES)
def test_f46_an_env_file_runs_no_program(victim: Person, text: str, place: str) -> None:
    folder: Path = getattr(victim, place)
    (folder / ".video-tools.env").write_text(BUCKET + text)
    for words in COMMANDS[::2]:
        result = victim.run(*words, cwd=folder)
        assert result.code != 0 or place == "staging" or words == ("doctor",), result
        assert "Traceback" not in result.err
    assert not ran(victim)


def test_the_program_runs_where_the_user_says_so(victim: Person) -> None:
    """Without it, the test above would not show anything."""
    own = {"AWS_CONFIG_FILE": str(victim.repo / ".cfg"), "S3SYNC_STORE": "s3://any-bucket"}
    victim.run("status", env=own)
    assert ran(victim)


@pytest.mark.parametrize(
    "name",
    [
        "AWS_CONFIG_FILE", "AWS_CA_BUNDLE", "HTTPS_PROXY", "no_proxy", "AWS_ENDPOINT_URL_S3", "RCLONE_CONFIG",
        "GOOGLE_APPLICATION_CREDENTIALS", "google_application_credentials", "CLOUDSDK_CONFIG", "AZURE_STORAGE_KEY",
    ],
)  # fmt: skip
def test_f46_a_key_that_is_not_on_the_list_is_named_with_its_line(victim: Person, name: str) -> None:
    (victim.repo / ".video-tools.env").write_text(f"# ours\n\n{name}=canary-value\n")
    result = victim.expect(2, "status")
    assert f"{name} may not stand in {victim.repo}/.video-tools.env line 3" in result.err
    assert "hint: " in result.err and "canary-value" not in result.err + result.out


@pytest.mark.parametrize("start", [".", "deep/er"])
@pytest.mark.parametrize("name", [".s3sync.yaml", ".video-tools.env", ".git"])
def test_f46_what_arrived_in_a_staging_folder_is_no_setting(victim: Person, name: str, start: str) -> None:
    (victim.repo / ".s3sync.yaml").write_text("repo: ours\n")
    (victim.staging / ".s3sync").mkdir()
    folder = victim.staging / start
    folder.mkdir(parents=True, exist_ok=True)
    text = "store: s3://theirs\n" if name == ".s3sync.yaml" else "S3SYNC_STORE=s3://theirs\nAWS_CONFIG_FILE=.cfg\n"
    (folder / name).write_text(text)
    shown = victim.ok("config", "--json", cwd=folder).json["settings"]
    assert shown["repo"]["value"] == "ours" and shown["store"]["origin"] == "default"


@pytest.mark.parametrize(
    "text", ["S3SYNC_STORE=s3://${GITHUB_TOKEN}\n", "AWS_ACCESS_KEY_ID=${GITHUB_TOKEN}\nAWS_SECRET_ACCESS_KEY=$HOME\n"]
)
def test_f46_nothing_of_the_environment_is_sent(victim: Person, text: str) -> None:
    heard: list[str] = []

    def listen(lie: Lie) -> tuple[int, dict[str, str], bytes]:
        heard.append(f"{lie.prefix} {lie.kind} {lie.headers}")
        return error(403, "AccessDenied")

    with liar(listen) as address:
        (victim.repo / ".s3sync.yaml").write_text(f"store: s3://bucket\nendpoint_url: {address}\n")
        (victim.repo / ".video-tools.env").write_text(text)
        results = [victim.run(*words) for words in COMMANDS]
    said = "".join(str(result) for result in results)
    assert "canary-token" not in said + "".join(heard)
    assert all("Traceback" not in result.err for result in results)


# -- files in the settings' place


def a_fifo(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_link_out(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def a_link_to_what_arrived(path: Path) -> None:
    path.symlink_to("b63-flivideo/s3-staging/.cfg")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_huge_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 36)


def a_file_of_everybody(path: Path) -> None:
    path.write_text("S3SYNC_STORE=s3://theirs\n")
    path.chmod(0o666)


@pytest.mark.parametrize("name", [".s3sync.yaml", ".video-tools.env"])
@pytest.mark.parametrize(
    "make",
    [
        a_fifo, a_device, a_link_out, a_link_to_what_arrived, a_link_to_itself, a_folder, a_huge_file,
        a_file_of_everybody,
    ],
)  # fmt: skip
def test_f46_f56_what_is_no_file_of_ours_is_one_error_at_once(
    careful: Person, name: str, make: Callable[[Path], None]
) -> None:
    make(careful.repo / name)
    result = careful.expect(2, "status")  # whatever waits for another end of it waits for ever
    assert_told(result, str(careful.repo / name))


@as_root
@pytest.mark.parametrize("name", [".s3sync.yaml", ".video-tools.env"])
@pytest.mark.parametrize("sticky", [0o777, 0o1777])
def test_f46_a_file_of_another_user_is_not_read(careful: Person, name: str, sticky: int) -> None:
    path = careful.repo / name
    path.write_text("store: s3://theirs\n" if name == ".s3sync.yaml" else "S3SYNC_STORE=s3://theirs\n")
    os.chown(path, SOMEBODY, SOMEBODY)
    careful.repo.chmod(sticky)
    result = careful.expect(2, "status")
    assert_told(result, str(path))
    assert "belongs to another user" in result.err
    assert "s3://theirs" not in careful.expect(2, "config").out


@as_root
@pytest.mark.parametrize("name", [".s3sync.yaml", ".video-tools.env"])
def test_f46_the_command_that_makes_a_file_ours_gives_away_no_other(careful: Person, tmp_path: Path, name: str) -> None:
    """Whose folder it is can put a link in the place of the file while the line is typed, and root follows links."""
    path, systems = careful.repo / name, tmp_path / "sudoers"
    path.write_text("# looked at\n")
    os.chown(path, SOMEBODY, SOMEBODY)
    line = re.search(r": sudo (chown .*?);", careful.expect(2, "status").err)
    assert line is not None
    path.unlink()
    path.symlink_to(systems)
    systems.write_text("root ALL=(ALL) ALL\n")
    typed = line[1].replace("$(id -un)", str(SOMEBODY - 1))  # whoever it is that types it
    subprocess.run(["sh", "-c", typed], check=True)
    assert systems.stat().st_uid == 0


@as_root
@pytest.mark.parametrize(("group", "code"), [(0, 0), (SOMEBODY, 2)])
def test_f46_a_group_of_others_may_not_write(careful: Person, group: int, code: int) -> None:
    """A umask of 002 leaves files to a group that has nobody but the user in it: that is no other user."""
    path = careful.repo / ".s3sync.yaml"
    path.write_text("repo: ours\n")
    path.chmod(0o664)
    os.chown(path, 0, group)
    careful.expect(code, "config")


@as_root
def test_f46_a_folder_above_is_not_searched(david: Person) -> None:
    for name in (".video-tools.env", ".s3sync.yaml"):
        path = david.root / name
        path.write_text("repo: [\n")
        os.chown(path, SOMEBODY, SOMEBODY)
    assert david.ok("config", "--json").json["settings"]["store"]["origin"] == "default"


@pytest.mark.parametrize(
    ("name", "text"), [(".s3sync.yaml", "repo: r\nstore: s3://old\n"), (".video-tools.env", "S3_COLLAB_BUCKET=old\n")]
)
def test_a_store_that_is_set_above_is_told_and_not_replaced(david: Person, name: str, text: str) -> None:
    """Before, it counted: the folder on this computer would be a surprise."""
    (david.root / name).write_text(text)
    result = david.expect(2, "up")
    assert str(david.root / name) in result.err and "s3sync init --store URL" in result.err
    (david.root / name).write_text("OTHER=s3://x\n")
    david.ok("up")


def test_a_file_of_others_counts_where_the_environment_says_trust(careful: Person) -> None:
    """In a container, and on disks without owners, nobody can do anything about the mode."""
    path = careful.repo / ".s3sync.yaml"
    path.write_text("repo: ours\n")
    path.chmod(0o666)
    careful.expect(2, "config")
    shown = careful.ok("config", "--json", env={"S3SYNC_TRUST": "1"}).json["settings"]
    assert shown["repo"]["value"] == "ours"


def assert_told(result: Result, path: str) -> None:
    assert path in result.err and "hint: " in result.err and result.err.count("error: ") == 1, result


@pytest.mark.parametrize("named", ["ca.pem", "./ca.pem", "../v-appydave/ca.pem"])
def test_no_file_of_the_repository_vouches_for_a_server(named: str, david: Person) -> None:
    """The user's own settings hold in every folder: a path without its beginning would mean another file in each."""
    own = david.root / "home" / ".config" / "s3sync" / "config.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(f"ca_bundle: {named}\n")
    for folder in (david.repo, david.project):
        (folder / "ca.pem").write_text("whatever stands here is a stranger's")
    env = {"S3SYNC_STORE": "s3://bucket", "AWS_REGION": "us-east-1"}
    told = david.expect(
        2, "status", env={**env, "AWS_ACCESS_KEY_ID": "AKIAABCDEFGHIJKLMNOP", "AWS_SECRET_ACCESS_KEY": "s"}
    )
    assert "no whole path" in told.err


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAABCDEFGHIJKLMNOP", "AWS_SECRET_ACCESS_KEY": "s"}
OWN_PATHS = [
    ({"AWS_CA_BUNDLE": "ca.pem"}, ""),
    ({"AWS_CONFIG_FILE": "aws/config"}, ""),
    ({"AWS_SHARED_CREDENTIALS_FILE": "./keys"}, ""),
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x"}, ""),
    ({"AWS_DATA_PATH": "/usr/share/models:models"}, "credential_process = /bin/false\n"),
    ({"AWS_CREDENTIAL_FILE": "aws/config"}, ""),
    ({"AWS_LOGIN_CACHE_DIRECTORY": "./aws"}, ""),
    ({"BOTO_CONFIG": "../v-appydave/aws/config"}, ""),
    ({"SSL_CERT_FILE": "ca.pem", **KEYS}, ""),
    ({"SSL_CERT_DIR": "/etc/ssl/certs:aws", **KEYS}, ""),
    ({"SSL_CERT_FILE": "~/ca.pem", **KEYS}, ""),
    ({"HOME": "home"}, ""),
    ({}, "ca_bundle = ca.pem\ncredential_process = /bin/false\n"),
    ({}, "ca_bundle = ~/ca.pem\ncredential_process = /bin/false\n"),
    ({}, "web_identity_token_file = token\nrole_arn = arn:aws:iam::1:role/x\n"),
    ({}, "role_arn = arn:aws:iam::1:role/x\nsource_profile = b\n[profile b]\nweb_identity_token_file = ../token\n"),
]


@pytest.mark.parametrize(("env", "profile"), OWN_PATHS)
def test_no_path_of_the_users_for_aws_begins_in_the_repository(
    env: dict[str, str], profile: str, david: Person, tmp_path: Path
) -> None:
    """AWS's tools take a path without its beginning from the current folder, which is a stranger's clone."""
    aws = david.root / "home" / ".aws"
    aws.mkdir()
    (aws / "config").write_text(f"[default]\nregion = us-east-1\n{profile}")
    (tmp_path / "get").write_text(f"#!/bin/sh\ntouch {tmp_path / 'trace'}\n")
    (tmp_path / "get").chmod(0o755)
    for folder in (david.repo, david.project):
        for name in ("aws/config", "keys", "token", "ca.pem", "home/.aws/config", "home/.config/s3sync/config.yaml"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"[default]\ncredential_process = {tmp_path / 'get'}\n")
    given = {"S3SYNC_STORE": "s3://bucket", "AWS_ENDPOINT_URL_S3": "https://127.0.0.1:9", "XDG_CONFIG_HOME": None}
    own = {"XDG_DATA_HOME": None, "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}
    told = david.expect(2, "status", env={**given, **own, **env})
    assert "no whole path" in told.err and not (tmp_path / "trace").exists(), told

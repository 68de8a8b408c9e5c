"""A secret in the wrong place is not repeated, and a small file makes little work."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.archive.importing import import_file
from s3sync.config.above import refuse_store_above
from s3sync.config.envfile import parse_env
from s3sync.config.files import REPO_KIND, USER_KIND, parse_settings
from s3sync.config.secrets import hidden, looks_secret
from s3sync.config.spec import BY_NAME
from s3sync.errors import ConfigError, S3syncError
from tests.kit.people import Person

REPO_FILE, ENV_FILE = Path("/r/.s3sync.yaml"), Path("/r/.video-tools.env")
SECRETS = {
    "a secret key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "a secret key of letters": "zK8mPqLw3RtYxVb6NcHj2DfGs9AeUo4TiXyZa1Bc",
    "a key's id": "AKIAIOSFODNN7EXAMPLE",
    "a role's key id": "ASIAIOSFODNN7EXAMPLE",
    "a GitHub token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "a Slack token": "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
    "a JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
}
NAMED = ("store", "repo", "region", "profile", "staging", "user", "endpoint_url")
places = pytest.mark.parametrize(
    "place",
    ["{}", "s3://{}", "s3://bucket/{}", "s3://{}@bucket", "https://u:{}@host/", "https://h/?X-Amz-Signature={}"],
)


@pytest.mark.parametrize("secret", SECRETS.values(), ids=list(SECRETS))
@places
@pytest.mark.parametrize("key", NAMED)
def test_f57_a_secret_as_a_setting_is_not_repeated(key: str, place: str, secret: str) -> None:
    kind = REPO_KIND if key in REPO_KIND.keys else USER_KIND
    value = place.format(secret)
    try:
        parse_settings(f"{key}: {value}\n", REPO_FILE, kind)
    except ConfigError as error:
        said = f"{error} {error.hint} {error!r}"
    else:
        assert key == "profile" and place != "{}", "another text than the secret alone may be a profile's name"
        said = ""
    assert secret not in said and secret[:12] not in said and secret[-12:] not in said, said


@pytest.mark.parametrize("secret", SECRETS.values(), ids=list(SECRETS))
@pytest.mark.parametrize(
    ("words", "variable"),
    [
        (("--store", "{}"), None), (("--store", "s3://{}"), None), (("--user", "{}"), None),
        (("--profile", "{}"), None),
        ((), "S3SYNC_STORE"), ((), "S3SYNC_USER"), ((), "AWS_REGION"), ((), "AWS_PROFILE"), ((), "S3SYNC_REPO"),
        ((), "AWS_ENDPOINT_URL"), ((), "S3SYNC_STAGING"), ((), "AWS_DEFAULT_PROFILE"),
    ],
)  # fmt: skip
def test_f57_a_secret_on_the_command_line_or_in_a_variable_is_not_repeated(
    david: Person, secret: str, words: tuple[str, ...], variable: str | None
) -> None:
    env = {"S3SYNC_STORE": "s3://bucket", **({variable: secret} if variable else {})}
    result = david.run("status", *(word.format(secret) for word in words), env=env)
    assert result.code in (1, 2) and "error: " in result.err, result
    assert secret not in result.err + result.out and secret[:12] not in result.err + result.out, result


PASTED = "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2
OF_A_CHAT = "json://robot:open-sesame@chat.example/hook"


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        (("keys", "import", PASTED), PASTED), (("keys", "import", "--identity", f"./{PASTED.lower()}"), PASTED.lower()),
        (("keys", "remove", PASTED), PASTED), (("cost", "--notify", OF_A_CHAT), "open-sesame"),
        (("lock", OF_A_CHAT), "open-sesame"),
    ],
)  # fmt: skip
def test_f57_a_secret_where_a_file_or_a_name_belongs_is_not_repeated(
    david: Person, words: tuple[str, ...], secret: str
) -> None:
    """An identity in place of the file that holds it, and the address of a chat behind a flag that takes none."""
    (david.repo / ".s3sync.yaml").write_text(f"store: file://{david.root}/store\nencrypt: yes\n")
    log = david.root / "said.log"
    result = david.run(*words, "--log-file", str(log))
    assert result.code in (1, 2, 5) and "error: " in result.err, result
    assert secret not in result.err + result.out + log.read_text(), result


OF_CLOUDS = {
    "a signature of Azure": "sv=2022-11-02&ss=b&sp=rw&sig=aaaaaaaaaaa%2Bbbbbbbbbbbbbbb%2Fcccccccccccccc1%3D",
    "one without escapes": "se=2026-12-01&sig=ddddddddddddddddddddddddddddddddddddddddddd=",
    "a signature of S3": "X-Amz-Date=20260101T000000Z&X-Amz-Signature=" + "0e" * 32,
    "a token of Google": "ya29.a0AfH6SM" + "kkkk-" * 9,
    "a secret of Google": "GOCSPX-" + "mmmm_" * 5,
    "a key of B2": "K005" + "pppppppppp" + "qqqqqqqqqq" + "rrrrrrr",
}


@pytest.mark.parametrize("secret", OF_CLOUDS.values(), ids=list(OF_CLOUDS))
@pytest.mark.parametrize(
    "words", [("{}",), ("up", "{}"), ("config", "set", "{}", "x"), ("completion", "{}"), ("trash", "restore", "{}")]
)
def test_f57_what_signs_at_other_clouds_is_not_repeated(david: Person, words: tuple[str, ...], secret: str) -> None:
    """Pasted in place of a word, where no name, flag or address tells what it is."""
    result = david.expect(2, *(word.format(secret) for word in words))
    assert secret[-16:] not in result.err + result.out and "****" in result.err, result


@pytest.mark.parametrize("flag", ["--store", "--region", "--endpoint", "--profile", "--user", "--repo"])
@pytest.mark.parametrize("secret", list(SECRETS.values())[::2])
def test_f57_a_secret_given_to_init_is_not_repeated(david: Person, secret: str, flag: str) -> None:
    result = david.expect(2, "init", "-y", flag, secret, env={"S3SYNC_STORE": "s3://bucket"})
    assert secret[:12] not in result.err + result.out, result
    assert not (david.repo / ".s3sync.yaml").exists()


@pytest.mark.parametrize("secret", SECRETS.values(), ids=list(SECRETS))
@pytest.mark.parametrize(
    "script", ["echo '{}' >&2; exit 1", "echo '{}'", 'echo \'{{"Version":1,"SecretAccessKey":"{}"}}\'']
)
def test_f57_what_a_credential_process_prints_is_not_repeated(david: Person, secret: str, script: str) -> None:
    program = david.root / "give"
    program.write_text(f"#!/bin/sh\n{script.format(secret)}\n")
    program.chmod(0o755)
    aws = david.root / "home" / ".aws"
    aws.mkdir()
    (aws / "config").write_text(f"[default]\ncredential_process = {program}\n")
    for words in (("status",), ("status", "--debug"), ("doctor", "--json")):
        result = david.run(*words, env={"S3SYNC_STORE": "s3://bucket"})
        assert result.code == 1 and secret not in result.err + result.out, result
        assert secret[:12] not in result.err + result.out, result


@pytest.mark.parametrize(
    "text",
    [
        "/home/David/projects/2024/videos/Client/Foo", "AdministratorAccess-123456789012", "v-appydave",
        "us-gov-west-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "s3://appydave-video-collab/team/2025",
        "Kundenprojekte/Herbst2025/Schnitt/Fassung3", "s3://media/Clients/AcmeCo2024/Shoot3Day2/CamA/RawV2/x",
        "file:///Volumes/TeamNAS/Projekte2024", "01JD8Z3N5Q7W9YAXBVCMKPHRST", "K001 interview.mov",
    ],
)  # fmt: skip
def test_names_are_no_secrets(text: str) -> None:
    assert not looks_secret(text)


@given(st.text(max_size=3000))
def test_what_is_hidden_is_bounded(text: str) -> None:
    assert len(hidden(text)) <= 203


# -- bounds

N = 65_500
HEAVY = {
    "brackets": "[" * N, "braces": "{" * N, "dashes": "- " * (N // 2), "questions": "? " * (N // 2),
    "patterns": "ignore: [" + "a," * (N // 2 - 8) + "]", "lines of patterns": "ignore:\n" + "- a\n" * (N // 4 - 3),
    "keys": "".join(f"k{number}: 1\n" for number in range(7000)), "digits": "transfers: " + "9" * N,
    "hexadecimal": "transfers: 0x" + "f" * N, "sixties": "transfers: " + "59:" * (N // 3) + "59",
    "a tag": "transfers: !!int 0x" + "f" * (N - 20), "a float": "transfers: !!float " + "9" * (N - 20),
    "a pattern": 'ignore: ["' + "*" * (N - 20) + '"]', "a name": "repo: " + "a" * (N - 10),
    "a date": "repo: !!timestamp 9999-99-99", "schemes": "store: " + "://" * (N // 3),
    "words": "repo: " + "password:" * 7000,
}  # fmt: skip


@pytest.mark.parametrize("text", HEAVY.values(), ids=list(HEAVY))
def test_f56_a_settings_file_makes_little_work(text: str) -> None:
    refused_soon(lambda: parse_settings(text, REPO_FILE, REPO_KIND))


@pytest.mark.parametrize(
    "text",
    ['A="' * (N // 3), "AWS_" + "A" * N + "=1", "export " * 9000, "S3_COLLAB_PREFIX\n" * 3000]
    + [f"# for all\nOTHER_TOOL=a{blank * 30_000}b\n" for blank in (" ", "\t", "\x0b", "\u2003")],
)
def test_f56_an_env_file_makes_little_work(text: str) -> None:
    refused_soon(lambda: parse_env(text, ENV_FILE))


def test_f56_an_env_file_that_is_imported_makes_little_work(tmp_path: Path) -> None:
    (tmp_path / "old.env").write_text(f"OTHER_TOOL=a{' ' * 60_000}b\n")
    refused_soon(lambda: import_file(tmp_path, {"S3SYNC_TRUST": "1"}, "old.env", dry_run=True))


def test_f56_a_file_above_of_empty_lines_makes_little_work(tmp_path: Path) -> None:
    """Above a submodule is a clone, whose files belong to this user."""
    (tmp_path / ".s3sync.yaml").write_text("\n" * N + "x")
    started = time.process_time()
    refuse_store_above(tmp_path / "submodule")
    assert time.process_time() - started < 5


def refused_soon(read: Callable[[], object]) -> None:
    """One error that can be read, in CPU time that other work on the machine does not lengthen."""
    started = time.process_time()
    with pytest.raises(S3syncError) as caught:
        read()
    assert time.process_time() - started < 5
    assert len(f"{caught.value} {caught.value.hint}") < 1000


@pytest.mark.parametrize("text", ["0xfff", "0o17", "0b11", "1_000", "12:30", "1e1", "+-1", "٣", "1.", "9" * 16])
def test_f56_only_plain_digits_are_a_number(text: str) -> None:
    with pytest.raises(ConfigError, match="'transfers' in"):
        parse_settings(f"transfers: {text}\n", REPO_FILE, REPO_KIND)


@pytest.mark.parametrize("text", ["190:20:30", "0x10", "010", "1_000"])
def test_f56_a_name_of_digits_is_that_name(text: str) -> None:
    """By YAML 1.1 these were numbers: 685230, 16, 8 and 1000."""
    found = parse_settings(f"profile: {text}\ntransfers: 16\n", REPO_FILE, REPO_KIND)
    assert (found["profile"].value, found["transfers"].value) == (text, 16)


def test_f56_many_patterns_are_refused() -> None:
    most = parse_settings("ignore: [" + "a," * 1000 + "]\n", REPO_FILE, REPO_KIND)["ignore"].value
    assert most == BY_NAME["ignore"].check(["a"] * 1000)
    with pytest.raises(ConfigError, match="it has 1001 entries"):
        parse_settings("ignore: [" + "a," * 1001 + "]\n", REPO_FILE, REPO_KIND)

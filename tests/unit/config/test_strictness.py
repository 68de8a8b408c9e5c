"""What a settings source may not hold, and how the complaint reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.config import load_settings
from s3sync.errors import ConfigError
from tests.unit.config.conftest import Load


@pytest.mark.parametrize(
    ("yaml", "message", "hint"),
    [
        ("a: 1\n", "unknown setting 'a' in {path} line 1: the settings are: store, ", "remove it"),
        ("\n# x\nstoer: s3://bucket\n", "unknown setting 'stoer' in {path} line 3", "did you mean 'store'?"),
        ("endpoint-url: http://x\n", "unknown setting 'endpoint-url' in {path} line 1", "did you mean 'endpoint_url'?"),
        ("user: jan\n", "unknown setting 'user' in {path} line 1", "'user' belongs in your own settings file"),
        ("repo: a\nrepo: b\n", "setting 'repo' in {path} line 2 is there twice", "keep one"),
        ("repo: 12\n", "setting 'repo' in {path} line 1 is not valid: it must be text, not a number", "quotes"),
        ("repo: no\n", "setting 'repo' in {path} line 1 is not valid: it must be text, not a yes/no", "quotes"),
        ("repo: 2025-01-01\n", "setting 'repo' in {path} line 1 is not valid: it must be text, not a date", "quotes"),
        ("repo: [a]\n", "setting 'repo' in {path} line 1 is not valid: it must be text, not a list", None),
        ("repo: !x a\n", "setting 'repo' in {path} line 1 is not valid: settings take no !x", "quotes"),
        ("repo: ''\n", "setting 'repo' in {path} line 1 is not valid: it is empty", None),
        ("repo: a/b\n", "setting 'repo' in {path} line 1 is not valid: 'a/b' cannot be", "another `repo`"),
        ("repo: ..\n", "setting 'repo' in {path} line 1 is not valid", "another `repo`"),
        ("repo: .s3sync\n", "setting 'repo' in {path} line 1 is not valid", "another `repo`"),
        ('repo: "a\\nb"\n', "setting 'repo' in {path} line 1 is not valid: it has a control character", None),
        ("staging: /tmp\n", "setting 'staging' in {path} line 1 is not valid: '/tmp' is not relative", "s3-staging"),
        ("staging: ../x\n", "setting 'staging' in {path} line 1 is not valid", "s3-staging"),
        ("staging: a//b\n", "setting 'staging' in {path} line 1 is not valid", "s3-staging"),
        ("staging: .\n", "setting 'staging' in {path} line 1 is not valid", "s3-staging"),
        ("staging: .git/x\n", "setting 'staging' in {path} line 1 is not valid", "s3-staging"),
        ("staging: 'C:\\x'\n", "setting 'staging' in {path} line 1 is not valid", "s3-staging"),
        ("region: us east\n", "setting 'region' in {path} line 1 is not valid", "us-east-1"),
        ("ignore: '*.tmp'\n", "setting 'ignore' in {path} line 1 is not valid: it must be a list", '["one"'),
        ("ignore: [1]\n", "setting 'ignore' in {path} line 1 is not valid: it must be text, not a number", "quotes"),
        ("ignore:\n- *.tmp\n", "{path} line 2 is not valid YAML", '"*.tmp"'),
        ("store: &a s3://bucket\nrepo: *a\n", "{path} line 2 has a YAML alias", '"*.tmp"'),
        ("bwlimit: &a [*a]\n", "{path} line 1 has a YAML alias", '"*.tmp"'),
        ("transfers: 0\n", "setting 'transfers' in {path} line 1 is not valid: 0 is not between", None),
        ("transfers: 257\n", "setting 'transfers' in {path} line 1 is not valid: 257 is not between", None),
        ("transfers: many\n", "setting 'transfers' in {path} line 1 is not valid: it must be a whole number", None),
        ("transfers: true\n", "setting 'transfers' in {path} line 1 is not valid: it must be a whole number", None),
        ("bwlimit: {a: 1, a: 2}\n", "setting 'bwlimit.a' in {path} line 1 is not valid: its keys", None),
        ("repo: a\n\tstore: b\n", "{path} line 2 is not valid YAML", None),
        (
            "<<<<<<< HEAD\nstore: s3://a\n=======\nstore: s3://b\n>>>>>>> x\n",
            "{path} line 2 is not valid YAML",
            "merge",
        ),
        ("repo: a\nstore: [\n", "{path} line 3 is not valid YAML", None),
        ("repo: a\nstore: \x00\n", "{path} line 2 is not valid YAML", None),
        ("repo: a\n---\nrepo: b\n", "{path} line 2 is not valid YAML", None),
        ("[" * 5000, "{path} is not a settings file: it is nested too deeply", None),
        ("- a\n", "{path} line 1 is not a setting", None),
        ("just text\n", "{path} line 1 is not a setting", None),
        ("? [a]\n: b\n", "{path} line 1 is not a setting: its key is not plain text", None),
        (b"repo: a\nstore: \xff\n", "{path} line 2 is not UTF-8", "UTF-8"),
        ("#" * (1 << 20) + "#", "cannot read {path}: it is larger", None),
    ],
)
def test_repository_file(load: Load, repo: Path, yaml: str | bytes, message: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        load(yaml=yaml)
    assert message.format(path=repo / ".s3sync.yaml") in str(caught.value)
    assert (hint or "") in (caught.value.hint or "")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("yaml", ["", "# only a comment\n", "\ufeffrepo: videos\n", "---\nrepo: videos\n"])
def test_harmless_layouts(load: Load, yaml: str) -> None:
    assert load(yaml=yaml).repo in ("videos", "v-appydave")


def test_a_folder_in_the_files_place(load: Load, repo: Path) -> None:
    (repo / ".s3sync.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot read"):
        load()


@pytest.mark.parametrize(
    "yaml",
    [
        "aws_access_key_id: abc\n",
        "aws_secret_access_key: abc\n",
        "secret-access-key: abc\n",
        "SESSION_TOKEN: abc\n",
        "aws: {secret_access_key: abc}\n",
        "bwlimit: [{password: abc}]\n",
        "endpoint_url: https://me:abc@host\n",
        "store: s3://me:abc@bucket\n",
        "repo: videos # AKIAABCDEFGHIJKLMNOP\n",
        "# AKIAABCDEFGHIJKLMNOP: [\n",
    ],
)
def test_secrets_in_a_committed_file(load: Load, yaml: str) -> None:
    with pytest.raises(ConfigError, match="secrets do not belong in a committed file") as caught:
        load(yaml=yaml)
    assert "line 1" in caught.value.message
    assert "abc" not in str(caught.value)
    assert "AKIA" not in str(caught.value)


@pytest.mark.parametrize(
    ("user_yaml", "message", "hint"),
    [
        ("stor: x\n", "the settings are: profile, credentials_path, credentials_env, user, ", "remove it"),
        ("usr: x\n", "unknown setting 'usr'", "did you mean 'user'?"),
        ("store: s3://x\n", "unknown setting 'store'", "belongs in the repository's .s3sync.yaml"),
        ("user: a/b\n", "'a/b' cannot be a user's name: it has '/' in it", "1 to 64 letters"),
        ("aws_secret_access_key: x\n", "s3sync keeps no credentials", "AWS profile"),
    ],
)
def test_user_file(load: Load, user_yaml: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(user_yaml=user_yaml)
    assert message in str(caught.value)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\nS3_COLLAB_BUCKET bucket\n", "line 2 is not valid"),
        ("A=1\n\n\nB\n", "line 4 is not valid"),
        ("A=1\r\n\r\nB C\r\n", "line 3 is not valid"),
        ('A=1\nB="unfinished\n', "line 2 is not valid"),
        (b"A=1\nB=\xff\n", "line 2 is not UTF-8"),
        ("S3_COLLAB_PREFIX=a\n", "has no S3_COLLAB_BUCKET"),
        ("S3_COLLAB_BUCKET=not a bucket\n", "'store' from .video-tools.env"),
    ],
)
def test_env_file(load: Load, text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(env_file=text)
    assert message in str(caught.value)
    assert ".video-tools.env" in str(caught.value)


@pytest.mark.parametrize(
    "user", ["jan", "j", "Jan.K", "a-b_c", "-x", "x" * 64, "9", "Zoë", "Eve Smith", "O'Neil", "李雷", "आशा"]
)
def test_good_users(load: Load, user: str) -> None:
    assert load(flags={"user": user}).user == user


@pytest.mark.parametrize(
    "user", ["", " ", ".jan", "a\u00a0b", "a/b", "a\u202eb", "x" * 65, "a\nb", "jan\n", "..", "a:b", "\u3164"]
)
def test_bad_users(load: Load, user: str) -> None:
    with pytest.raises(ConfigError, match="'user' from flag --user is not valid"):
        load(flags={"user": user})


@pytest.mark.parametrize(
    ("given", "store"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("file:///mnt/nas", "file:///mnt/nas"),
        ("file:///mnt//nas/./x/", "file:///mnt/nas/x"),
        ("file:///Volumes/Team NAS", "file:///Volumes/Team NAS"),
        ("file://localhost/mnt/nas", "file:///mnt/nas"),
        ("file://~/nas", "file://{home}/nas"),
    ],
)
def test_good_stores(load: Load, clean_environment: Path, given: str, store: str) -> None:
    assert load(flags={"store": given}).store == store.format(home=clean_environment)


@pytest.mark.parametrize(
    ("given", "why", "hint"),
    [
        ("bucket", "is not an address", "s3://bucket/prefix"),
        ("s4://bucket", "there is no store of the kind 's4://'", "did you mean 's3://'?"),
        ("https://bucket", "there is no store of the kind", "use s3:// or "),
        ("dropbox://films", "there is no store of the kind", " or file:// or rclone:"),
        ("rclon://team/films", "there is no store of the kind", "did you mean 'rclone:'?"),
        ("s3://", "is not a bucket's name", ""),
        ("s3:///a", "is not a bucket's name", ""),
        ("s3://bucket/a//b", "empty folder", ""),
        ("s3://bucket/../x", "leads elsewhere", ""),
        ("s3://me:hunter22@bucket", "credentials do not belong", "AWS_PROFILE"),
        ("s3://bucket?key=hunter22", "takes no '?'", ""),
        ("file://nas/share", "must be absolute", "file:///path"),
        ("file://~jan/x", "must be absolute", "file://~/folder"),
        ("file:///a/../b", "without '..'", ""),
        ("file:///", "plain path", ""),
        ("file:///my%20folder", "percent escapes", "as it is on the disk"),
    ],
)
def test_bad_stores(load: Load, given: str, why: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(flags={"store": given})
    assert why in (caught.value.why or "")
    assert hint in (caught.value.hint or "")
    assert "hunter22" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "url", ["localhost:8333", "ftp://x", "http://", "http://u:p/w@h", "http://h/?a=b", "http://h h"]
)
def test_bad_endpoints(load: Load, url: str) -> None:
    with pytest.raises(ConfigError, match="'endpoint_url' from environment AWS_ENDPOINT_URL is not valid"):
        load(environ={"AWS_ENDPOINT_URL": url})


@pytest.mark.parametrize(
    "url", ["http://localhost:8333", "https://[::1]:9000", "https://u:p@h/path", "https://s3.x.com"]
)
def test_good_endpoints(load: Load, url: str) -> None:
    assert load(environ={"AWS_ENDPOINT_URL": url}).endpoint_url == url


@pytest.mark.parametrize(
    ("yaml", "value"),
    [
        ("bwlimit: 10M\n", "10M"),
        ("bwlimit: 500\n", "500"),
        ("bwlimit: {18:00: 10M, 08:00: off}\n", {"18:00": "10M", "08:00": "off"}),
        ("bwlimit:\n- 18:00\n- ~\n", ["18:00", None]),
    ],
)
def test_bwlimit_is_left_as_given(load: Load, yaml: str, value: object) -> None:
    assert load(yaml=yaml).bwlimit == value


def test_a_repository_folder_whose_name_will_not_do(load: Load, repo: Path) -> None:
    odd = repo / " odd"
    (odd / ".git").mkdir(parents=True)
    with pytest.raises(ConfigError, match="this repository needs a name"):
        load_settings(odd, flags={}, environ={})
    assert load_settings(odd, flags={"repo": "odd"}, environ={}).repo == "odd"


_CREDENTIALS = [("credentials_path", "/srv/key.json", "FILE"), ("credentials_env", "KEY", "VARIABLE")]


@pytest.mark.parametrize(("key", "value", "what"), _CREDENTIALS)
def test_a_repository_chooses_no_credential(load: Load, key: str, value: str, what: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(yaml=f"{key}: {value}\n")
    assert "may not choose what you sign with" in str(refused.value.why)
    assert refused.value.hint and refused.value.hint.endswith(f"s3sync config set {key} {what}")


@pytest.mark.parametrize(("key", "value", "what"), _CREDENTIALS)
def test_the_user_chooses_a_credential(load: Load, key: str, value: str, what: str) -> None:
    assert getattr(load(user_yaml=f"{key}: {value}\n"), key) == value
    assert getattr(load(environ={f"S3SYNC_{key.upper()}": f"{value}2"}), key) == f"{value}2"


@pytest.mark.parametrize(("key", "value", "what"), _CREDENTIALS)
def test_an_env_file_chooses_no_credential(load: Load, key: str, value: str, what: str) -> None:
    with pytest.raises(ConfigError, match=f"S3SYNC_{key.upper()}"):
        load(env_file=f"S3SYNC_{key.upper()}={value}\n")


@pytest.mark.parametrize(
    ("key", "value"), [("credentials_path", "key.json"), ("credentials_env", "A=b"), ("credentials_env", "a b")]
)
def test_what_names_no_credential(load: Load, key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key):
        load(user_yaml=f"{key}: {value}\n")

"""Which source wins, and what each says about itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from s3sync.config import load_settings
from s3sync.config.spec import DEFAULT_IGNORE
from s3sync.disk.current import named_folder
from s3sync.errors import ConfigError
from tests.unit.config.conftest import Load

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT12345", "AWS_SECRET_ACCESS_KEY": "environment-secret"}
FILE_KEYS = "AWS_ACCESS_KEY_ID=AKIAENVFILE123456789\nAWS_SECRET_ACCESS_KEY=file-secret\nAWS_SESSION_TOKEN=file-token\n"


def test_defaults(load: Load, tmp_path: Path) -> None:
    settings = load()
    assert settings.store == f"file://{tmp_path}/data/s3sync/store"
    assert settings.store_is_default
    assert settings.repo == "v-appydave"
    assert (settings.region, settings.endpoint_url, settings.profile, settings.user) == (None, None, None, None)
    assert settings.staging == "s3-staging"
    assert settings.ignore == DEFAULT_IGNORE
    assert (settings.notify, settings.transfers, settings.bwlimit) == ((), None, None)
    assert settings.credentials == "chain"
    assert set(settings.origins.values()) == {"default"}


def test_each_source_yields_to_the_one_before(load: Load, repo: Path) -> None:
    flag = {"store": "s3://from-flag"}
    variable = {"S3SYNC_STORE": "s3://from-variable"}
    env_file = "S3_COLLAB_BUCKET=from-env-file\n"
    yaml = "# ours\nstore: s3://from-yaml\n"
    everything = load(yaml=yaml, env_file=env_file, environ=variable, flags=flag)
    assert (everything.store, everything.origins["store"]) == ("s3://from-flag", "flag --store")
    assert not everything.store_is_default
    without_flag = load(environ=variable, flags={"store": None})
    assert (without_flag.store, without_flag.origins["store"]) == ("s3://from-variable", "environment S3SYNC_STORE")
    from_file = load(environ={"S3SYNC_STORE": ""})
    assert from_file.store == "s3://from-env-file"
    assert from_file.origins["store"] == f".video-tools.env ({repo}/.video-tools.env)"
    (repo / ".video-tools.env").unlink()
    from_yaml = load()
    assert (from_yaml.store, from_yaml.origins["store"]) == (
        "s3://from-yaml",
        f".s3sync.yaml ({repo}/.s3sync.yaml:2)",
    )


@pytest.mark.parametrize(
    ("environ", "key", "value", "origin"),
    [
        ({"S3SYNC_USER": "jan"}, "user", "jan", "environment S3SYNC_USER"),
        ({"S3SYNC_REPO": "videos"}, "repo", "videos", "environment S3SYNC_REPO"),
        ({"S3SYNC_STAGING": "big/files/"}, "staging", "big/files", "environment S3SYNC_STAGING"),
        ({"AWS_PROFILE": "team"}, "profile", "team", "environment AWS_PROFILE"),
        ({"AWS_REGION": "a-1", "AWS_DEFAULT_REGION": "b-1"}, "region", "a-1", "environment AWS_REGION"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "b-1"}, "region", "b-1", "environment AWS_DEFAULT_REGION"),
        (
            {"AWS_ENDPOINT_URL_S3": "http://a:1", "AWS_ENDPOINT_URL": "http://b:2"},
            "endpoint_url",
            "http://a:1",
            "environment AWS_ENDPOINT_URL_S3",
        ),
        ({"AWS_ENDPOINT_URL": "http://b:2/"}, "endpoint_url", "http://b:2", "environment AWS_ENDPOINT_URL"),
    ],
)
def test_environment(load: Load, environ: dict[str, str], key: str, value: str, origin: str) -> None:
    settings = load(environ=environ)
    assert (getattr(settings, key), settings.origins[key]) == (value, origin)


@pytest.mark.parametrize(
    ("text", "store"),
    [
        ("S3_COLLAB_BUCKET=b1\nS3_COLLAB_PREFIX=/a//b/\n", "s3://b1/a/b"),
        ("S3_COLLAB_BUCKET=b1/\nS3_COLLAB_PREFIX=/\n", "s3://b1"),
        ('export S3_COLLAB_BUCKET="b1"\nS3_COLLAB_PREFIX=a # comment\n', "s3://b1/a"),
        ("\ufeffS3_COLLAB_BUCKET=b1\r\nS3_COLLAB_PREFIX='a b'\r\n", "s3://b1/a b"),
        ("BASE=a\nS3_COLLAB_BUCKET=b1\nS3_COLLAB_PREFIX=${BASE}/${HOME}\n", "s3://b1/${BASE}/${HOME}"),
        ("S3_COLLAB_BUCKET=b1\nS3SYNC_STORE=s3://b2\n", "s3://b2"),
    ],
)
def test_env_file(load: Load, text: str, store: str) -> None:
    assert load(env_file=text).store == store


@pytest.mark.parametrize("folder", ["..", "b63/s3-staging", "b63/notes"])
def test_f46_an_env_file_elsewhere_is_not_read(load: Load, repo: Path, folder: str) -> None:
    (repo / folder).mkdir(parents=True, exist_ok=True)
    (repo / folder / ".video-tools.env").write_text("S3_COLLAB_BUCKET=b1\nAWS_CONFIG_FILE=x\n")
    assert load_settings(named_folder(repo / folder), flags={"repo": "r"}, environ={}).store_is_default
    assert load().store_is_default


def test_the_env_file_of_a_project_goes_before_that_of_the_repository(repo: Path) -> None:
    (repo / "b63" / "notes").mkdir(parents=True)
    (repo / ".video-tools.env").write_text("S3_COLLAB_BUCKET=all\n")
    (repo / "b63" / ".video-tools.env").write_text("S3_COLLAB_BUCKET=own\n")
    stores = [load_settings(start, flags={}, environ={}).store for start in (repo, repo / "b63" / "notes")]
    assert stores == ["s3://all", "s3://own"]


def test_user_file(load: Load, tmp_path: Path) -> None:
    settings = load(user_yaml="user: jan\nprofile: mine\nnotify: ['slack://token']\n")
    assert (settings.user, settings.profile, settings.notify) == ("jan", "mine", ("slack://token",))
    assert settings.origins["user"] == f"user file ({tmp_path}/config/s3sync/config.yaml)"


def test_null_leaves_the_word_to_the_next_source(load: Load) -> None:
    settings = load(yaml="profile: null\nendpoint_url:\nregion: ~\n", user_yaml="profile: mine\n")
    assert (settings.profile, settings.endpoint_url, settings.region) == ("mine", None, None)


def test_repository_settings_are_found_from_below(load: Load, repo: Path) -> None:
    load(yaml="repo: videos\n")
    below = repo / "b63" / "s3-staging"
    below.mkdir(parents=True)
    assert load_settings(below, flags={}, environ={}).repo == "videos"


def test_outside_of_a_repository(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, flags={}, environ={})
    assert (settings.repo, settings.origins["repo"]) == ("", "default (not in a repository)")


@pytest.mark.parametrize(
    ("environ", "env_file", "flags", "yaml", "signs", "secret", "token"),
    [
        (KEYS, FILE_KEYS, {}, "", "keys", "environment-secret", None),
        ({}, FILE_KEYS, {}, "", "keys", "file-secret", "file-token"),
        ({}, FILE_KEYS, {}, "profile: team", "keys", "file-secret", "file-token"),
        (KEYS, "", {}, "profile: team", "keys", "environment-secret", None),
        ({**KEYS, "AWS_PROFILE": "p"}, "", {}, "", "keys", "environment-secret", None),
        ({"AWS_PROFILE": "p"}, FILE_KEYS, {}, "", "profile", None, None),
        (KEYS, FILE_KEYS, {"profile": "p"}, "", "profile", None, None),
        ({}, "", {}, "profile: team", "profile", None, None),
        ({}, "", {}, "", "chain", None, None),
    ],
)
def test_credentials_come_whole_from_the_strongest_source(
    load: Load,
    environ: dict[str, str],
    env_file: str,
    flags: dict[str, str],
    yaml: str,
    signs: str,
    secret: str | None,
    token: str | None,
) -> None:
    settings = load(environ=environ, env_file=env_file, flags=flags, yaml=yaml)
    assert settings.credentials == signs
    assert settings.env.get("AWS_SECRET_ACCESS_KEY") == secret
    assert settings.env.get("AWS_SESSION_TOKEN") == token


def test_f46_of_an_env_file_the_environment_takes_the_keys_alone(load: Load) -> None:
    process = {"A": "process", "PATH": "/bin"}
    settings = load(env_file=f"A=file\nPATH=.\nLD_PRELOAD=x.so\nAWS_REGION=eu-1\n{FILE_KEYS}", environ=process)
    added = {name: value for name, value in settings.env.items() if not name.startswith("XDG_")}
    keys = dict(line.split("=", 1) for line in FILE_KEYS.splitlines())
    assert added == {**process, **keys}
    assert settings.region == "eu-1"


def test_the_users_name_is_never_guessed(load: Load) -> None:
    with pytest.raises(ConfigError, match="your name is not set") as caught:
        load(environ={"USER": "root", "LOGNAME": "root"}).require_user()
    assert "s3sync config set user NAME" in (caught.value.hint or "")
    assert load(environ={"S3SYNC_USER": "jan"}).require_user() == "jan"


def test_a_weaker_variable_that_is_wrong_does_not_matter(load: Load) -> None:
    assert load(flags={"user": "jan"}, environ={"S3SYNC_USER": "a/b"}).user == "jan"


def test_flags_have_settings_names(load: Load) -> None:
    assert load(flags={"transfers": "8", "bwlimit": "10M"}).transfers == 8
    with pytest.raises(ConfigError, match="endpoint-url"):
        load(flags={"endpoint-url": "http://x"})


def test_repr_shows_no_secret(load: Load) -> None:
    settings = load(
        environ={**KEYS, "AWS_ENDPOINT_URL": "http://me:hunter22@host"}, user_yaml='notify: ["slack://hunter33"]\n'
    )
    assert "hunter" not in repr(settings)
    assert "environment-secret" not in repr(settings)


def test_importing_is_cheap() -> None:
    heavy = ["yaml", "dotenv", "platformdirs", "difflib", "tempfile", "json", "configparser"]
    heavy += ["s3sync.core.archive", "s3sync.config.archives", "s3sync.config.prices"]
    code = f"import s3sync.config, s3sync.project, sys; print([name for name in {heavy} if name in sys.modules])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert done.stdout.strip() == "[]"

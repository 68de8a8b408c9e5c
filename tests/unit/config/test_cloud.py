"""`cloud.provider`, `cloud.bucket`, `cloud.region`: other names of the store and its fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.config import cloud, load_settings
from s3sync.config.schemes import SCHEMES
from s3sync.errors import UsageError
from s3sync.sync.change_setting import change_setting
from tests.unit.config.conftest import Load


def say(repo: Path, *steps: str) -> None:
    for step in steps:
        change_setting(step.split(), repo, {}, in_repo=False)


@pytest.mark.parametrize(
    ("yaml", "steps", "store"),
    [
        ("", ["set cloud.provider gcs", "set cloud.bucket team"], "gs://team"),
        ("", ["set cloud.bucket team", "set cloud.provider gcs"], "gs://team"),
        ("", ["set cloud.bucket team"], "s3://team"),
        ("", ["set cloud.bucket team/films/raw"], "s3://team/films/raw"),
        ("store: s3://old/films\n", ["set cloud.bucket team"], "s3://team/films"),
        ("store: s3://old/films\n", ["set cloud.bucket team/x"], "s3://team/x"),
        ("store: s3://old/films\n", ["set cloud.provider google"], "gs://old/films"),
        ("store: gs://old/films\n", ["set cloud.provider AWS"], "s3://old/films"),
        ("store: file:///mnt/nas\n", ["set cloud.provider gcs", "set cloud.bucket team"], "gs://team"),
    ],
)
def test_they_write_the_store(load: Load, repo: Path, yaml: str, steps: list[str], store: str) -> None:
    load(yaml=yaml)
    say(repo, *steps)
    assert load_settings(repo, flags={}, environ={}).store == store


def test_they_are_read_from_the_store(load: Load) -> None:
    settings = load(yaml="store: gs://team/films\nregion: europe-west3\n")
    assert cloud.fields(settings) == {
        "cloud.provider": "gcs",
        "cloud.bucket": "team",
        "cloud.region": "europe-west3",
    }
    assert all(".s3sync.yaml" in origin for origin in cloud.origins(settings).values())
    folder = load(yaml="store: file:///mnt/nas\n")
    assert cloud.fields(folder) == dict.fromkeys(cloud.NAMES)


def test_the_provider_is_remembered_until_there_is_a_bucket(load: Load, repo: Path) -> None:
    load(yaml="")
    say(repo, "set cloud.provider gcs")
    settings = load_settings(repo, flags={}, environ={})
    assert settings.store_is_default and cloud.fields(settings)["cloud.provider"] == "gcs"
    say(repo, "set cloud.region europe-west3", "set cloud.bucket team", "unset cloud.bucket")
    settings = load_settings(repo, flags={}, environ={})
    assert settings.store_is_default and settings.region == "europe-west3"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("set cloud.provider dropbox", "there is no provider 'dropbox': the providers are: s3, gcs"),
        ("set cloud.provider gcs s3", "takes one value"),
        ("set cloud.bucket gs://team", "an address was given"),
        ("set cloud.zone a", "there is no setting 'cloud.zone'"),
        ("unset cloud.provider", "is part of the store"),
    ],
)
def test_one_clear_error(load: Load, repo: Path, step: str, told: str) -> None:
    load(yaml="store: s3://team\n")
    with pytest.raises(UsageError) as refused:
        say(repo, step)
    assert told in f"{refused.value.message}: {refused.value.why}"
    assert "no provider" not in told or "store rclone:REMOTE:path" in str(refused.value.hint)
    assert load_settings(repo, flags={}, environ={}).store == "s3://team"


def test_an_address_in_another_form_is_not_guessed(load: Load, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Account and container are two names, and a bucket is one."""
    monkeypatch.setitem(SCHEMES, "az", SCHEMES.get("az") or SCHEMES["gs"])
    load(yaml="store: s3://team/films\n")
    with pytest.raises(UsageError, match="does not say which store"):
        say(repo, "set cloud.provider azure")


def test_variables_of_aws_say_nothing_of_a_bucket_of_google(load: Load) -> None:
    aws = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "eu-west-1", "AWS_PROFILE": "prod"}
    google = load(yaml="store: gs://team\n", environ=aws)
    assert (google.endpoint_url, google.region, google.profile) == (None, None, None)
    amazon = load(yaml="store: s3://team\n", environ=aws)
    assert (amazon.endpoint_url, amazon.region, amazon.profile) == ("http://127.0.0.1:9", "eu-west-1", "prod")

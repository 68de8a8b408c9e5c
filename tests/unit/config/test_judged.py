"""Each setting is judged by what a committer could do with it.

A new setting, a new key of the env file or of an archive set fails here until somebody wrote down what the worst value
of it does to whoever runs s3sync in the repository.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from s3sync.config import Settings, envfile
from s3sync.config.archives import _CHECKS as SET_CHECKS
from s3sync.config.spec import BY_NAME, KEYS
from s3sync.errors import ConfigError, NotTrusted
from s3sync.trust import place_of, remember, require
from tests.unit.config.conftest import Load

PLACE = {
    "store": "s3://films/team", "repo": "v-films", "endpoint_url": "https://nas.example.com", "profile": "team",
    "kms_key_id": "arn:aws:kms:us-east-1:1:key/x", "region": "us-east-1",
}  # fmt: skip
"""A place that was agreed to, whole."""
ASKED: dict[str, list[str | None]] = {
    "store": ["s3://films/other", "s3://films2/team", "file:///mnt/nas", "gs://films/team", "az://films/team"],
    "repo": ["v-other"],
    "endpoint_url": ["http://nas.example.com", "https://nas.example.com:8443", None],
    "profile": ["prod-admin", None],
    "kms_key_id": ["arn:aws:kms:us-east-1:2:key/x", None],
}
"""Settings that are part of a place: each other value is a question, also none where there was one."""
OWN = {
    "credentials_path", "credentials_env", "user", "notify", "offline", "request_payer", "ca_bundle", "proxy",
    "receipts",
}  # fmt: skip
"""Settings of the user alone. `user` may stand in the env file of the team's other tools: a name that others see."""
HARMLESS = {
    "provider": ("which cloud `cloud.bucket` means when the user types that", "gcs"),
    "project": ("another name below the repository's own in the store, which was asked about", "b64"),
    "region": ("another region of the same AWS; another part of AWS is a question (test_trust.py)", "eu-west-1"),
    "staging": ("a real folder of the project with a plain, visible name", "footage"),
    "ignore": ("what is not synced; bounded, and never what s3sync keeps for itself", ["*.key"]),
    "notices": ("words of notices, not where they go", {"events": ["conflict"]}),
    "transfers": ("bounded", 256),
    "bwlimit": ("slower, which the user sees", "1K"),
    "sse": ("encryption by the store, with a key that was asked about", "aws:kms"),
    "encrypt": ("more of it; less is refused where a key was used (tests/scenarios/encryption)", True),
    "storage_class": ("a class that costs no more to read at once", "STANDARD_IA"),
    "accelerate": ("AWS's own host; the price is in the documents", True),
    "acl": ("none of the public ones", "bucket-owner-full-control"),
    "addressing": ("the bucket in the host or the path, below the server that was asked about", "virtual"),
    "connect_timeout": ("bounded", 600),
    "read_timeout": ("bounded", 3600),
    "retries": ("bounded", 100),
    "trash": ("what exists elsewhere, too; last copies are the user's to give up", {"days": 0}),
    "hooks": ("what a hook says; whether there is one is the user's to say", {"large": "1K"}),
    "archives": ("each key of a set is judged below; its store is a place of its own", {"a": {"store": "s3://other"}}),
    "prices": ("only raise what the program's list has", {"us-east-1": {"storage": {"STANDARD": 1.0}}}),
    "costs": ("a budget and alarms join the user's own", {"alarms": [1]}),
}  # fmt: skip
"""Settings that a committer may change without a question, each with the worst that comes of it, and another value."""
REFUSED: list[tuple[str, list[object]]] = [
    ("staging", [".git", ".aws", "../x", "/etc", "a/../..", "~/x", ".s3sync"]),
    ("transfers", [0, 257, -1, "0x10", 1.5]), ("retries", [-1, 101]), ("read_timeout", [0, 10**9]),
    ("connect_timeout", [0, 10**9]), ("acl", ["public-read", "public-read-write", "authenticated-read"]),
    ("trash", [{"last_copies": True}, {"days": -1}]), ("storage_class", ["DEEP_ARCHIVE", "GLACIER"]),
    ("repo", ["../x", "a/../b", ".git", "a\nb"]), ("project", [".git", "a/b", ".."]), ("ignore", ["x", [5]]),
    ("hooks", [{"run": "x"}]), ("notices", [{"command": "x"}]), ("costs", [{"budget": -1}]),
]  # fmt: skip
SETS = {
    "asked, as any place": {"store", "region", "endpoint_url", "profile", "replica_region", "replica_bucket"},
    "asked, with the statements": {"url", "update", "select"},
    "inside the repository, and nothing of git's, s3sync's or the env file": {"source", "files"},
    "what of that goes, under which names": {
        "unit", "group", "ignore", "heavy", "light", "layout", "sidecars", "older_than", "timezone", "max_size",
        "first", "url_template", "tags",
    },
    "how it is packed": {"pack", "level"},
    "the price is said before anything is moved": {"storage_class"},
    "only what `archive lifecycle apply` writes, which asks": {"lifecycle_days", "lifecycle_class"},
    "how soon it is read again": {"verify_within"},
    "refused in a repository": {"delete_local"},
    "deletes less": {"keep_light"},
}  # fmt: skip


def text(values: Mapping[str, object]) -> str:
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items() if value is not None)


@pytest.fixture
def agreed(load: Load, repo: Path) -> Settings:
    settings = load(yaml=text(PLACE))
    with pytest.raises(NotTrusted):
        require(settings)
    remember(place_of(settings), settings.env)
    require(settings)
    return settings


def test_each_setting_has_one_judgement() -> None:
    judged = [*ASKED, *OWN, *HARMLESS]
    assert sorted(judged) == sorted(key.name for key in KEYS), "judge the new setting: what does its worst value do?"


def test_each_key_of_a_set_has_one_judgement() -> None:
    judged = [name for names in SETS.values() for name in names]
    assert sorted(judged) == sorted(SET_CHECKS), "judge the new key of a set"


def test_each_key_of_the_env_file_is_one_of_a_judged_setting() -> None:
    """Those of the team's other tools stand for the same settings; keys that come with a repository are a question."""
    others = {"S3_COLLAB_BUCKET": "store", "S3_COLLAB_PREFIX": "store", "S3_SYNC_USER": "user"}
    known = {name: key.name for key in KEYS for name in key.variables} | others
    settings: dict[str, str] = {name: known[name] for name in envfile.READ if name in known}
    assert {name for name in envfile.READ if name not in settings} == set(envfile.KEY_VARIABLES)
    may = {"store", "repo", "profile", "region", "staging", "user"}
    assert set(settings.values()) == may and may - {"user"} <= {*ASKED, *HARMLESS}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, every in ASKED.items() for value in every])
def test_f47_another_value_of_what_was_agreed_to_is_a_question(
    agreed: Settings, load: Load, name: str, value: object
) -> None:
    with pytest.raises(NotTrusted):
        require(load(yaml=text({**PLACE, name: value})))


@pytest.mark.parametrize(
    "line",
    [
        "S3SYNC_STORE=s3://films/other", "S3_COLLAB_BUCKET=films2", "S3SYNC_REPO=v-other", "AWS_PROFILE=prod-admin",
        "AWS_ACCESS_KEY_ID=AKIAABCDEFGHIJKLMNOP\nAWS_SECRET_ACCESS_KEY=s",
    ],
)  # fmt: skip
def test_f47_the_env_file_can_change_it_no_more_than_the_settings(agreed: Settings, load: Load, line: str) -> None:
    values = {name: value for name, value in PLACE.items() if not line.startswith("S3_COLLAB") or name != "store"}
    with pytest.raises(NotTrusted):
        require(load(yaml=text(values), env_file=f"{line}\n"))


@pytest.mark.parametrize("name", HARMLESS)
def test_what_needs_no_question_changes_nothing_that_was_agreed_to(agreed: Settings, load: Load, name: str) -> None:
    """Otherwise the judgement is wrong: what is part of a place is asked about."""
    _, value = HARMLESS[name]
    changed = load(yaml=text({**PLACE, name: value}))
    assert getattr(changed, name) != getattr(agreed, name)
    assert place_of(changed) == place_of(agreed)
    require(changed)


@pytest.mark.parametrize("name", sorted(OWN))
def test_f46_what_is_the_users_own_is_refused_in_a_repository(load: Load, name: str) -> None:
    assert not BY_NAME[name].repo and (name == "user" or not (BY_NAME[name].env_file and BY_NAME[name].variables))
    with pytest.raises(ConfigError, match=name):
        load(yaml=f"{name}: x\n")


@pytest.mark.parametrize("variable", sorted({name for key in KEYS for name in key.variables} - envfile.READ))
def test_f46_no_other_variable_of_a_setting_stands_in_the_env_file(load: Load, variable: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable} may not stand"):
        load(env_file=f"{variable}=x\n")


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, every in REFUSED for value in every])
def test_f56_the_worst_values_are_refused(load: Load, name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=name):
        load(yaml=text({name: value}))

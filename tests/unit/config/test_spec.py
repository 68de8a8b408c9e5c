"""The table of settings, and what follows from it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from msgspec import Struct

from s3sync.config import Settings, files, load_settings, masked, spec
from s3sync.config.key import Key
from s3sync.config.spec import KEYS
from s3sync.config.values import nested, one_of, plain_text, whole
from s3sync.errors import ConfigError
from s3sync.sync.change_setting import change_setting
from tests.unit.config.conftest import Load

DOCS = Path(__file__).parents[3] / "docs" / "configuration.md"
NEVER_OF_A_REPOSITORY = {"ca_bundle", "proxy", "notify", "receipts", "credentials_path", "credentials_env"}


class Keep(Struct, frozen=True):
    days: int = 30
    last: str = "keep"


NESTED = Key(
    "transfers",
    nested({"days": whole(0, 99), "last": one_of("keep", "drop"), "to": nested({"name": plain_text})}, into=dict),
    "A nested setting in the place of another one.",
    repo=True,
)


@pytest.fixture
def with_nested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BY_NAME", {**spec.BY_NAME, "transfers": NESTED})


def documented_table() -> str:
    """The table as it has to stand in docs/configuration.md. On a failure of its test, copy it from there."""
    lines = [
        "| setting | what it says | flag | environment | env file | `.s3sync.yaml` | your file | default |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for key in KEYS:
        variables = ", ".join(f"`{name}`" for name in key.variables) or "-"
        allowed = ["yes" if place else "no" for place in (key.env_file and key.variables, key.repo, key.own)]
        cells = [f"`{key.name}`", key.help, key.flag or "-", variables, *allowed, key.unset]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_the_documentation_has_the_table() -> None:
    assert documented_table() in DOCS.read_text("utf-8")


def test_every_key_has_its_field_and_no_other() -> None:
    others = {"archives_of", "credentials", "env", "origins", "root"}  # found out, not said
    assert [key.name for key in KEYS] == [field.name for field in fields(Settings) if field.name not in others]
    said = (
        "staging",
        "ignore",
        "notify",
        "notices",
        "trash",
        "hooks",
        "receipts",
        "costs",
        "accelerate",
        "offline",
        "encrypt",
    )
    assert {field.name: field.default for field in fields(Settings) if field.name in said} == {
        key.name: key.default for key in KEYS if key.default is not None
    }


def test_f46_what_harms_others_never_stands_in_a_repository() -> None:
    assert not [key.name for key in KEYS if key.name in NEVER_OF_A_REPOSITORY and (key.repo or key.env_file)]


def test_every_key_is_shown(load: Load) -> None:
    assert [name for name, _, _ in masked(load())][: len(KEYS)] == [key.name for key in KEYS]


@pytest.mark.parametrize(
    ("yaml", "message", "hint"),
    [
        ("transfers:\n  days: 100\n", "'transfers.days' in {path} line 2 is not valid: 100 is not between", None),
        ("transfers:\n  days: 1\n\n  lst: keep\n", "'transfers.lst' in {path} line 4 is not valid", "'last'"),
        ("transfers:\n  last: lose\n", "'transfers.last' in {path} line 2 is not valid: it must be one", None),
        ("transfers:\n  to:\n    name: [a]\n", "'transfers.to.name' in {path} line 3 is not valid", None),
        ("transfers:\n  days: 1\n  days: 2\n", "'transfers.days' in {path} line 2 is not valid: its keys", None),
        ("transfers: [1]\n", "'transfers' in {path} line 1 is not valid: it must be a mapping", "days, last"),
        ("ignore:\n- a\n- b\n- [c]\n", "'ignore' in {path} line 4 is not valid: it must be text", None),
    ],
)
@pytest.mark.usefixtures("with_nested")
def test_a_nested_mistake_is_told_with_its_line(
    load: Load, repo: Path, yaml: str, message: str, hint: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(yaml=yaml)
    assert f"setting {message.format(path=repo / '.s3sync.yaml')}" in str(caught.value)
    assert (hint or "") in (caught.value.hint or "")


@pytest.mark.usefixtures("with_nested")
def test_a_nested_value_is_a_checked_one() -> None:
    text = "transfers: {days: 7, last: null, to: {name: x}}\n"
    found = files.parse_settings(text, Path(".s3sync.yaml"), files.REPO_KIND)
    assert found["transfers"].value == {"days": 7, "to": {"name": "x"}}
    assert nested({"days": whole(0, 99)}, into=Keep)({"days": 7}) == Keep(7)


@pytest.mark.parametrize(("said", "meant"), [("yes", True), ("true", True), ("no", False), ("False", False)])
def test_switches_are_set_by_the_words_of_a_command_line(load: Load, repo: Path, said: str, meant: bool) -> None:
    load(yaml="store: s3://bucket\n")
    for key in ("accelerate", "encrypt"):
        change_setting(["set", key, said], repo, {}, in_repo=True)
        assert getattr(load_settings(repo, flags={}, environ={}), key) is meant
    with pytest.raises(ConfigError, match="true or false"):
        change_setting(["set", "accelerate", "perhaps"], repo, {}, in_repo=True)

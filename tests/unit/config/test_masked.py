"""`s3sync config` shows where everything came from, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.config import Settings, mask_url, masked
from s3sync.config.spec import DEFAULT_IGNORE
from tests.unit.config.conftest import Load

# The first character keeps them from being the name of a row, which is no secret.
SECRETS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=12, max_size=60).map(
    "¤{}".format
)


def rows_of(settings: Settings) -> dict[str, tuple[str | None, str]]:
    return {name: (value, origin) for name, value, origin in masked(settings)}


def test_keys_of_the_environment(load: Load) -> None:
    environ = {
        "AWS_ACCESS_KEY_ID": "AKIAABCDEFGHIJKLWXYZ",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
    }
    rows = rows_of(load(environ=environ))
    assert rows["AWS_ACCESS_KEY_ID"] == ("****WXYZ", "environment AWS_ACCESS_KEY_ID")
    assert rows["AWS_SECRET_ACCESS_KEY"] == ("****", "environment AWS_SECRET_ACCESS_KEY")
    assert rows["AWS_SESSION_TOKEN"] == ("****", "environment AWS_SESSION_TOKEN")
    assert rows["credentials"] == ("access keys", "environment AWS_ACCESS_KEY_ID")


def test_a_short_key_id_shows_nothing(load: Load) -> None:
    rows = rows_of(load(env_file="AWS_ACCESS_KEY_ID=any\nAWS_SECRET_ACCESS_KEY=any\n"))
    assert rows["AWS_ACCESS_KEY_ID"][0] == "****"
    assert rows["credentials"][1].startswith(".video-tools.env (")


def test_keys_of_a_profile(load: Load, clean_environment: Path) -> None:
    path = clean_environment / ".aws" / "credentials"
    path.parent.mkdir()
    path.write_text(
        "[team]\naws_access_key_id = AKIAABCDEFGHIJKLWXYZ\naws_secret_access_key = a/b%c\n", encoding="utf-8"
    )
    rows = rows_of(load(yaml="profile: team\n"))
    assert rows["AWS_ACCESS_KEY_ID"] == ("****WXYZ", f"profile team ({path})")
    assert rows["AWS_SECRET_ACCESS_KEY"] == ("****", f"profile team ({path})")
    assert rows["credentials"][0] == "profile team"


@pytest.mark.parametrize("content", [b"", b"[other]\nx = 1\n", b"no section", b"[default]\n\xff\xfe\n"])
def test_no_keys_to_show(load: Load, clean_environment: Path, content: bytes) -> None:
    path = clean_environment / "credentials"
    path.write_bytes(content)
    rows = rows_of(load(environ={"AWS_SHARED_CREDENTIALS_FILE": str(path)}))
    assert not [name for name in rows if name.startswith("AWS_")]
    assert rows["credentials"] == ("AWS's own chain (environment, profiles, SSO, roles)", "default")


def test_all_settings_are_there(load: Load) -> None:
    rows = rows_of(load(yaml="region: us-east-1\n", flags={"user": "jan"}))
    assert rows["user"] == ("jan", "flag --user")
    assert rows["region"][1].endswith(".s3sync.yaml:1)")
    assert rows["profile"] == (None, "default")
    assert rows["ignore"] == (", ".join(DEFAULT_IGNORE), "default")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("http://host:8333", "http://host:8333"),
        ("https://me:pass@host/x", "https://****@host/x"),
        ("https://me:pa/ss@w@host/x", "https://****@host/x"),
        ("https://host/x?token=abc", "https://host/x?****"),
    ],
)
def test_mask_url(url: str, shown: str) -> None:
    assert mask_url(url) == shown


@given(secret=SECRETS, token=SECRETS, key_id=SECRETS)
def test_no_row_holds_a_secret(secret: str, token: str, key_id: str) -> None:
    settings = Settings(
        store=f"rclone://{secret}@host/x",
        repo="r",
        endpoint_url=f"https://me:{secret}@host",
        profile=secret,
        user=token,
        bwlimit={"x": secret},
        notify=(f"slack://{token}", secret),
        credentials="keys",
        env={"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token},
        origins={"store": f"flag {secret}"},
    )
    shown = "\n".join("\n".join(map(str, row)) for row in masked(settings))
    assert secret not in shown
    assert token not in shown
    assert key_id not in shown
    assert secret not in repr(settings).replace(token, "")

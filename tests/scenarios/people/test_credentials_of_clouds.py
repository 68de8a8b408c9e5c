"""Wrong, missing and expired credentials at servers that show it: one error each, and nothing lost."""

from __future__ import annotations

import base64
import os
import subprocess
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.kit.azurite import CONTAINER, Azurite
from tests.kit.people import PROJECT, REPO, Person
from tests.kit.remotes import PASSWORD, RCLONE, Remotes

WRONG = base64.b64encode(b"hunter22" * 8).decode()


def joined(root: Path, store: str, env: dict[str, str], endpoint: str | None = None) -> Person:
    """Eve in a clone that names the store, with a file that nobody else has."""
    eve = Person("eve", root / "eve", env)
    eve.ok("init", PROJECT, "--repo", REPO, cwd=eve.repo)
    named = f"store: {store}\nrepo: {REPO}\n" + (f"endpoint_url: {endpoint}\n" if endpoint else "")
    (eve.repo / ".s3sync.yaml").write_text(named)
    eve.write("a.txt", "film")
    return eve


def refused(eve: Person, *words: str) -> str:
    """It is said once, and by `doctor`, too; and the file is still there."""
    told = eve.expect(1, "up").err
    for word in (*words, "hint:"):
        assert word in told, told
    assert told.count("error:") == 1 and "hunter22" not in told and WRONG not in told
    checks = {one["name"]: one for one in eve.expect(1, "doctor", "--json").json["checks"]}
    failed = [one for one in checks.values() if one["level"] == "fail"]
    assert len(failed) == 1 and words[0] in failed[0]["found"], failed
    assert eve.read("a.txt") == b"film"
    return told


def shown(eve: Person) -> str:
    row = eve.ok("config", "show", "credentials", "--json").json["settings"]["credentials"]
    return f"{row['value']} ({row['origin']})"


@pytest.mark.azurite
class TestAzure:
    @pytest.fixture
    def host(self, azurite: Azurite) -> str:
        parts = urlsplit(azurite.address)
        return f"{parts.scheme}://{parts.netloc}"

    def test_a_wrong_key(self, azurite: Azurite, host: str, tmp_path: Path) -> None:
        eve = joined(tmp_path, azurite.url, {"AZURE_STORAGE_KEY": WRONG}, host)
        account = azurite.account
        refused(eve, f"the account key of AZURE_STORAGE_KEY is none of the account {account}", "s3sync doctor")
        assert shown(eve) == "an account key (environment AZURE_STORAGE_KEY)"
        eve.ok("up", env={"AZURE_STORAGE_KEY": azurite.key})
        found = eve.ok("doctor", "--json", env={"AZURE_STORAGE_KEY": azurite.key}).json["checks"]
        told = next(one["found"] for one in found if one["name"] == "credentials")
        assert told == "an account key (environment AZURE_STORAGE_KEY); the store takes them"

    def test_a_signature_that_ended_and_one_of_another_container(
        self, azurite: Azurite, host: str, tmp_path: Path
    ) -> None:
        from azure.storage.blob import ContainerSasPermissions, generate_container_sas

        def signature(container: str, lasts: timedelta) -> str:
            allowed = ContainerSasPermissions.from_string("racwdlt")
            return generate_container_sas(
                azurite.account, container, azurite.key, permission=allowed, expiry=datetime.now(UTC) + lasts
            )

        over = signature(CONTAINER, timedelta(hours=-1))
        eve = joined(tmp_path, azurite.url, {"AZURE_STORAGE_SAS_TOKEN": over}, host)
        told = refused(eve, "the shared access signature of AZURE_STORAGE_SAS_TOKEN ended at", "ask whoever made it")
        assert "sig=" not in told and "until" in shown(eve) and "sig" not in shown(eve).replace("signature", "")
        eve.environ = {"AZURE_STORAGE_SAS_TOKEN": signature("another", timedelta(hours=1))}
        refused(
            eve, "the shared access signature of AZURE_STORAGE_SAS_TOKEN is not taken", "another account or container"
        )
        eve.environ = {"AZURE_STORAGE_SAS_TOKEN": signature(CONTAINER, timedelta(hours=1))}
        eve.ok("up")

    def test_a_wrong_account(self, azurite: Azurite, host: str, tmp_path: Path) -> None:
        """At Azure itself its name does not resolve (tests/unit/store/test_azure.py); an emulator answers."""
        eve = joined(tmp_path, "az://nobodys0account/shared", {"AZURE_STORAGE_KEY": azurite.key}, host)
        refused(eve, f"there is no account nobodys0account at {host}", "the account's name")
        other = joined(tmp_path / "other", "az://nobodys0account/shared", azurite.environment(), host)
        refused(other, "your connection string is not for the account nobodys0account", azurite.account)

    def test_a_container_that_is_missing(self, azurite: Azurite, host: str, tmp_path: Path) -> None:
        eve = joined(tmp_path, f"az://{azurite.account}/nothing-here", {"AZURE_STORAGE_KEY": azurite.key}, host)
        refused(eve, "there is no container nothing-here", "az storage container create")

    def test_none_and_one_that_is_no_key(self, azurite: Azurite, host: str, tmp_path: Path) -> None:
        eve = joined(tmp_path, azurite.url, {}, host)
        refused(eve, "nothing signs the requests", "AZURE_STORAGE_KEY")
        assert shown(eve).startswith("none: a login is shown to Azure's own servers alone (endpoint_url of ")
        eve.environ = {"AZURE_STORAGE_KEY": "hunter22!"}
        refused(eve, "AZURE_STORAGE_KEY holds no account key", "copy it again")

    def test_the_users_own_file_and_variable(self, azurite: Azurite, host: str, tmp_path: Path) -> None:
        eve = joined(tmp_path, azurite.url, {"TEAM_KEY": azurite.key, "AZURE_STORAGE_KEY": WRONG}, host)
        eve.ok("config", "set", "credentials_env", "TEAM_KEY")
        assert shown(eve).startswith("the environment variable TEAM_KEY (")
        eve.ok("up")
        eve.ok("config", "unset", "credentials_env")
        file = tmp_path / "key.txt"
        eve.ok("config", "set", "credentials_path", str(file))
        refused(eve, f"cannot use {file} as the store's credential", "credentials_path names it")
        assert shown(eve).startswith(f"the file {file}, which is not there (")
        file.write_text(WRONG)
        refused(eve, f"the account key of {file} is none of the account", "s3sync doctor")
        for content in (azurite.key, azurite.connection_string):
            file.write_text(f"{content}\n")
            assert eve.ok("up", "--json").json["uploaded"] == []


@pytest.mark.rclone
def test_the_password_of_a_remote(remotes: Remotes, tmp_path: Path) -> None:
    def config(password: str) -> None:
        done = subprocess.run([RCLONE, "obscure", password], check=True, capture_output=True, text=True)
        path.write_text(
            f"[team]\ntype = webdav\nurl = {remotes.guarded('eve')}\nvendor = other\nuser = eve\npass = {done.stdout}\n"
        )

    path, folder = tmp_path / "rclone.conf", uuid.uuid4().hex
    (remotes.root / "dav" / folder).mkdir()
    config("hunter22")
    eve = joined(tmp_path, f"rclone:team:{folder}", {"RCLONE_CONFIG": os.fspath(path)})
    told = refused(eve, f"could not open rclone:team:{folder}", "401", "`rclone config` changes them")
    assert "reconnect team:" in told
    assert shown(eve) == "those of your rclone remote team (rclone's configuration)"
    config(PASSWORD)
    eve.ok("up")

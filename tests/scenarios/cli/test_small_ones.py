"""Small things of the first weeks: byte order marks, wrong records, a folder or a database that cannot be used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person
from tests.scenarios.cli.conftest import NewPerson


@pytest.fixture
def manifest(david: Person) -> Path:
    """metadata.json in david's own store, after two files went up."""
    david.write("cut/b.wav", "sound")
    david.ok("up")
    (found,) = (david.root / "home").rglob("metadata.json")
    return found


def rewrite(manifest: Path, **fields: object) -> None:
    document: dict[str, Any] = json.loads(manifest.read_text("utf-8"))
    document["files"][0].update(fields)
    manifest.write_text(json.dumps(document), "utf-8")


@pytest.mark.parametrize("layout", ["ours", "another"])
def test_c17_metadata_with_a_byte_order_mark_is_read(david: Person, manifest: Path, layout: str) -> None:
    text = manifest.read_text("utf-8") if layout == "ours" else json.dumps(json.loads(manifest.read_text("utf-8")))
    manifest.write_text("\ufeff" + text, "utf-8")
    assert david.ok("status", "--json").json["in_sync"]
    david.write("c.txt", "more")
    david.ok("up")
    assert json.loads(manifest.read_bytes())["files"]  # json refuses bytes that begin with the mark twice


def test_c17_a_wrong_md5_in_metadata_is_noticed_by_verify(david: Person, manifest: Path) -> None:
    rewrite(manifest, md5="f" * 32)
    found = david.run("verify")
    assert found.code == 3 and "metadata.json says ffff" in found.err, found
    assert david.run("verify", "--json").json["failed"][0]["name"] == "cut/b.wav"


def test_c17_an_md5_in_capitals_is_the_same(david: Person, manifest: Path) -> None:
    first = json.loads(manifest.read_text("utf-8"))["files"][0]
    rewrite(manifest, md5=first["md5"].upper())
    david.ok("verify")
    david.ok("verify", "--deep")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["config", "credentials"])
def test_c17_an_aws_file_with_a_byte_order_mark_is_named(new_person: NewPerson, name: str, encoding: str) -> None:
    david = new_person(S3SYNC_STORE="s3://our-bucket", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    folder = david.root / "home" / ".aws"
    folder.mkdir()
    (folder / name).write_text("[default]\naws_access_key_id = AKIDEXAMPLE\nregion = us-east-1\n", encoding)
    found = david.run("status")
    assert found.code == 1 and "byte order mark" in found.err and str(folder / name) in found.err, found
    assert "without BOM" in found.err and "AKIDEXAMPLE" not in found.err


@pytest.mark.skipif(sys.platform == "win32", reason="a current folder cannot be deleted there")
@pytest.mark.parametrize("command", ["status", "up", "doctor", "config", "projects"])
def test_c17_a_current_folder_that_is_gone_is_said(david: Person, command: str) -> None:
    gone = david.project / "gone"
    gone.mkdir()
    code = "import os; os.rmdir(os.getcwd()); from s3sync.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, command], cwd=gone, env=david.env(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "is gone" in done.stderr and "Traceback" not in done.stderr, done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="takes root's rights away")
@pytest.mark.parametrize("verb", ["up", "down", "sync"])
def test_c17_a_read_only_database_is_noticed_before_files_travel(david: Person, verb: str) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not there")
    david.ok("up")
    (david.staging / ".s3sync" / "state.db").chmod(0o444)
    david.write("more.txt", "more")
    david.launcher = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")
    found = david.run(verb)
    assert found.code == 1 and "state.db" in found.err, found
    assert not list((david.root / "home").rglob("more.txt"))

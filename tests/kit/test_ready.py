"""A pair that is written again is as the commands would leave it: `tests/kit/people.py` takes one for the other."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest

from tests.kit import ready
from tests.kit.people import Person, pair, set_up
from tests.scenarios.sealed.conftest import encrypt


def seen(root: Path, store: str) -> dict[str, tuple[int, str]]:
    """All that is below a root, but for what is random in it, also where a key's digest is, and for where it is."""
    found = {}
    for path, mode, _, body in ready.entries(root):
        text = (body or b"").decode("utf-8", "replace").replace(store, "STORE")
        found[re.sub(r"\b([0-9a-f]{24,}|(?<=locks/|cords/)[0-9a-f]{2})\b", "#", path)] = (
            mode,
            re.sub(r'(?<="id":")\w+', "#", text),
        )
    return found


def new_people(root: Path, environ: dict[str, str]) -> tuple[Person, Person]:
    return Person("david", root / "david", environ), Person("jan", root / "jan", environ)


def test_a_pair_on_a_folder_is_as_two_inits_leave_it(tmp_path: Path) -> None:
    stores = {name: f"file://{tmp_path / name / 'store'}" for name in ("one", "another", "by-hand")}
    for name in ("one", "another"):
        pair(tmp_path / name, stores[name], {})
    set_up(new_people(tmp_path / "by-hand", {}), stores["by-hand"])
    found = {name: seen(tmp_path / name, store) for name, store in stores.items()}
    assert found["one"] == found["another"] == found["by-hand"]
    assert "jan/v-appydave/.s3sync.yaml" in found["one"] and "store/.s3sync-store/store.json" in found["one"]
    identities = {(tmp_path / name / "store/.s3sync-store/store.json").read_bytes() for name in stores}
    assert len(identities) == 3


@pytest.mark.parametrize(
    "kind", [pytest.param("moto", marks=pytest.mark.moto), pytest.param("azurite", marks=pytest.mark.azurite)]
)
def test_a_pair_on_a_server_is_as_two_inits_leave_it(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    server, prefix = request.getfixturevalue(kind), uuid.uuid4().hex
    store = f"{server.url if kind == 'azurite' else f's3://{server.bucket}'}/{prefix}"
    environ = server.environment()
    pair(tmp_path / "ready", store, dict.fromkeys(ready.NAMES, environ))
    assert ready.PLAIN_URL.fullmatch(store)
    people = new_people(tmp_path / "by-hand", environ)
    set_up(people, store)
    assert seen(tmp_path / "ready", store) == seen(tmp_path / "by-hand", store)
    if kind == "azurite":
        assert not [*server.container().list_blob_names(name_starts_with=prefix)]
    else:
        assert not server.client().list_objects_v2(Bucket=server.bucket, Prefix=prefix).get("Contents")


def test_people_with_a_key_are_as_the_commands_leave_them(tmp_path: Path) -> None:
    found = {}
    for name in ("one", "another"):
        store = f"file://{tmp_path / name / 'store'}"
        people = new_people(tmp_path / name, {})
        assert ready.write("sealed", tmp_path / name, store, lambda root, there: encrypt(pair(root, there, {})))
        found[name] = seen(tmp_path / name, store)
        people[0].write("a", "of david")
        people[0].ok("up")
        people[1].ok("down")
        assert people[1].files() == people[0].files()
    by_hand = pair(tmp_path / "by-hand", f"file://{tmp_path / 'by-hand' / 'store'}", {})
    encrypt(by_hand)
    names = seen(tmp_path / "by-hand", "").keys()
    assert names == found["one"].keys() == found["another"].keys()


def test_what_is_not_known_is_left_to_the_commands(tmp_path: Path) -> None:
    (tmp_path / "there" / "store").mkdir(parents=True)
    for root, store in (
        ("odd", "file:///elsewhere/store"), ("a name", f"file://{tmp_path / 'a name' / 'store'}"),
        ("there", f"file://{tmp_path / 'there' / 'store'}"), ("cloud", "gs://films/one"),
    ):  # fmt: skip
        assert not ready.write("pair", tmp_path / root, store, lambda root, there: pytest.fail("was begun")), root

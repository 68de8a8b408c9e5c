"""What holds for every refusal: one clear error, the right exit code, no secret shown, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.kit.people import Person, Result, tree

Remote = Callable[[], object]


def refused(person: Person, code: int, *words: str, remote: Remote | None = None, **more: Any) -> str:
    """Run a command that must be refused with one error; returns stderr.

    `remote` gives what the store holds; without it, it is the person's embedded store. Neither it nor the staging
    folder may be changed by the command.
    """
    before = _everything(person, remote)
    result = person.run(*words, **more)
    shows_no_secret(person, result)
    assert result.code == code, result
    assert result.out == "", result
    waits = ("retry ", "waiting for ")
    starts = [line.split(":")[0] for line in result.err.splitlines() if not line.startswith(waits)]
    assert starts == ["error", "  why", "hint"], result
    assert _everything(person, remote) == before
    return result.err


def refused_json(person: Person, code: int, *words: str, remote: Remote | None = None, **more: Any) -> dict[str, str]:
    """The same with `--json`: one document on stdout, nothing on stderr; returns its `error`."""
    before = _everything(person, remote)
    result = person.run(*words, "--json", **more)
    shows_no_secret(person, result)
    document = result.json
    assert result.err == "", result
    assert document["schema"] == 1 and document["exit_code"] == result.code == code, result
    assert set(document["error"]) == {"type", "message", "hint"} and all(document["error"].values()), result
    assert _everything(person, remote) == before
    error: dict[str, str] = document["error"]
    return error


def shows_no_secret(person: Person, result: Result) -> None:
    said = result.out + result.err
    assert "Traceback" not in said, result
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        secret = person.env().get(name)
        assert secret is None or secret not in said, f"{name} is shown: {result}"


def embedded_store(person: Person) -> Path:
    return person.root / "home" / ".local" / "share" / "s3sync" / "store"


def _everything(person: Person, remote: Remote | None) -> tuple[object, object]:
    here = person.files() if person.staging.is_dir() else person.staging.exists()
    return here, remote() if remote else _objects(embedded_store(person))


def _objects(store: Path) -> dict[str, str]:
    """A folder store's objects with their SHA-256, without the store's own bookkeeping."""
    return {name: digest for name, digest in tree(store).items() if not name.startswith(".s3sync-store/")}

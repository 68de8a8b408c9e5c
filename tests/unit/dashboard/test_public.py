"""The published view: a canary in every text of the dashboard, and only those come out that are meant to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from s3sync.dashboard.page import page_of
from s3sync.dashboard.public import COSTS, PICTURES, public_view
from s3sync.dashboard.values import Dashboard, Held, Repository, ShownProject, Tiers
from tests.kit.boards import team

PUBLISHED = {
    "Repository.name",
    "ShownProject.name",
    "ShownProject.last_sync_at",
    "ShownProject.last_sync_by",
    "Held.at",
    "File.name",
    "File.by",
    "File.at",
    "File.has",
    "File.lacks",
    "Conflict.name",
    "Conflict.kind",
    "Version.name",
    "Version.by",
    "Version.at",
    "Lock.name",
    "Lock.by",
    "Lock.until",
    "Member.name",
    "Member.at",
    "Member.has",
    "Thaw.unit",
    "Thaw.state",
    "Thaw.storage_class",
    "Thaw.tier",
    "Thaw.requested_at",
    "Thaw.ready_by",
    "Thaw.until",
    "Dashboard.made_at",
}
"""Fields of which a published view may hold the text. Every other text stays behind."""


class Canaries:
    """A dashboard in which every text names its field, and every number is one of its own."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.board = self._of(Dashboard)

    def _of(self, kind: type[msgspec.Struct]) -> Any:
        values = {}
        for field in msgspec.structs.fields(kind):
            values[field.name] = self._value(field.type, f"{kind.__name__}.{field.name}")
        return kind(**values)

    def _value(self, kind: Any, where: str) -> Any:
        told = msgspec.inspect.type_info(kind)
        if isinstance(told, msgspec.inspect.UnionType):
            told = next(one for one in told.types if not isinstance(one, msgspec.inspect.NoneType))
        match told:
            case msgspec.inspect.StructType():
                return self._of(told.cls)
            case msgspec.inspect.ListType():
                return [self._inner(told.item_type, where)]
            case msgspec.inspect.VarTupleType():
                return (self._inner(told.item_type, where),)
            case msgspec.inspect.DictType():
                return {self._text(where): 7}
            case msgspec.inspect.BoolType():
                return False
            case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
                return 7
        assert isinstance(told, msgspec.inspect.StrType), told
        return self._text(where)

    def _inner(self, told: Any, where: str) -> Any:
        return self._of(told.cls) if isinstance(told, msgspec.inspect.StructType) else self._text(where)

    def _text(self, where: str) -> str:
        """Also with a folder before it and a name after it: a path, of which only the last name may come out."""
        self.texts.add(where)
        return f"folder-of-canary-{where}/canary-{where}" if where.endswith("name") else f"canary-{where}"


def found_in(body: bytes) -> set[str]:
    return set(re.findall(r"canary-(\w+\.\w+)", body.decode()))


def test_a_canary_stands_in_every_kind_of_text() -> None:
    canaries = Canaries()
    assert found_in(msgspec.json.encode(canaries.board)) == canaries.texts
    assert {
        "Repository.root",
        "Repository.store",
        "Member.host",
        "Lock.why",
        "Command.line",
        "Thaw.key",
    } <= canaries.texts


@pytest.mark.parametrize("shows", [(), (PICTURES,), (COSTS,)])
def test_what_is_left_out_of_a_published_view(shows: tuple[str, ...]) -> None:
    board = Canaries().board
    view = public_view(board, title="Films", by="david", until=None, shows=shows)
    expected = PUBLISHED | ({"File.picture"} if PICTURES in shows else set())
    expected |= {"Costs.currency", "SpentMonth.month"} if COSTS in shows else set()
    assert found_in(msgspec.json.encode(view)) == expected
    assert found_in(page_of(view)) == expected
    assert b"folder-of" in msgspec.json.encode(board.repositories[0].projects[0].files)
    assert b"folder-of" not in msgspec.json.encode(
        [project.files for one in view.repositories for project in one.projects]
    )


def test_a_file_is_published_by_its_last_name_and_what_is_only_here_not_at_all() -> None:
    board = team()
    project = board.repositories[0].projects[0]
    view = public_view(board, title=None, by="david", until=None)
    files = [file.name for file in view.repositories[0].projects[0].files]
    assert files == ["draft 3.mp4", "mix.wav", "script.pdf", "color.mov"], "and no poster.jpg, which nobody sent"
    assert project.files[1].state == "local_new"
    body = page_of(view).decode()
    for secret in (
        "s3-staging",
        "/home/david",
        "s3://voz-video",
        "studio-mac",
        "jans-mac",
        "color, until noon",
        "s3sync up",
    ):
        assert secret in page_of(board).decode() and secret not in body, secret


def test_the_users_own_archive_sets_are_not_published() -> None:
    board = team()
    board.repositories[0].projects[2].is_own = True
    view = public_view(board, title=None, by="david", until=None)
    assert "b40-old-town" not in [project.name for project in view.repositories[0].projects]
    assert len(view.repositories[0].projects) == 13


@pytest.mark.parametrize(
    ("project", "is_told"),
    [
        (ShownProject("acme-takeover", here=True, tiers=Tiers(local=Held(5, 1))), False),
        (ShownProject("acme-takeover", here=True, counts={"local_new": 1}), False),
        (ShownProject("kites", here=True, in_store=True), True),
        (ShownProject("kites", tiers=Tiers(glacier=Held(5, 1))), True),
        (ShownProject("kites", is_own=True, tiers=Tiers(glacier=Held(5, 1))), False),
    ],
)
def test_a_project_that_is_only_here_is_not_even_named(project: ShownProject, is_told: bool) -> None:
    board = Dashboard("2026-11-26T10:00:00Z", [Repository("voz", projects=[project])])
    view = public_view(board, title=None, by="david", until=None)
    assert (project.name in page_of(view).decode()) is is_told


def values_of(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for one in value.values():
            yield from values_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from values_of(one)
    else:
        yield value


def test_numbers_of_this_disk_stay_here() -> None:
    board = team()
    view = msgspec.to_builtins(public_view(board, title=None, by="david", until=None))
    for project in view["repositories"][0]["projects"]:
        assert project["tiers"]["local"] is None and project["counts"] == {} and project["transfers"] == []
        assert not any(isinstance(value, str) and "s3sync " in value for value in values_of(project))

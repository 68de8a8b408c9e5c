"""Pictures of several repositories by one maker: each is made once, and a page holds no more than it can."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.dashboard import pictures
from s3sync.dashboard.pictures import Pictures, bound_pictures
from s3sync.dashboard.values import File, ShownProject
from tests.kit.films import film
from tests.unit.core.test_picture_size import gif, png


class Counting(Pictures):
    """Counts what it makes. `meanwhile` is done while it makes one, as another thread would."""

    made = 0
    meanwhile: Callable[[], object] | None = None

    def _make(self, descriptor: int, path: str, name: str, size: int) -> str | None:
        self.made += 1
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super()._make(descriptor, path, name, size)


def look(maker: Pictures, folder: Path, name: str = "still.jpg") -> str | None:
    """The picture of a repository with one project and one file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        path.write_bytes(film("pretty.jpg")[: pictures.AS_IT_IS])
    project = ShownProject("b40", files=[File(name, path.stat().st_size, "in_sync")])
    maker.add([project], {"b40": folder})
    return project.files[0].picture


def test_a_second_look_at_two_repositories_makes_no_picture_again(tmp_path: Path) -> None:
    maker = Counting()
    for _ in range(3):
        for name in ("one", "other"):
            assert (look(maker, tmp_path / name / "s3-staging") or "").startswith("data:image/jpeg;base64,")
    assert maker.made == 2
    look(maker, tmp_path / "one/s3-staging", "new.jpg")
    look(maker, tmp_path / "one/s3-staging")
    assert maker.made == 4, "what a folder did not show the last time is forgotten"


def test_another_look_that_ends_meanwhile_takes_nothing_away(tmp_path: Path) -> None:
    maker = Counting()
    maker.meanwhile = lambda: look(maker, tmp_path / "other")
    assert look(maker, tmp_path / "one") is not None and maker.made == 2
    assert look(maker, tmp_path / "other") is not None and look(maker, tmp_path / "one") is not None
    assert maker.made == 2


def test_a_page_of_many_repositories_holds_as_many_pictures_as_one() -> None:
    def shown(count: int, size: int) -> list[ShownProject]:
        files = [File(f"{at}.jpg", 1, "in_sync", picture="x" * size) for at in range(count)]
        return [ShownProject(str(at), files=files.copy()) for at in range(3)]

    many, large = shown(pictures.OF_ALL // 2, 1), shown(2, pictures.MOST_BYTES // 4)
    for projects, expected in ((many, pictures.OF_ALL), (large, 4)):
        bound_pictures(projects)
        assert sum(file.picture is not None for one in projects for file in one.files) == expected


@pytest.mark.parametrize("bomb", [png(14_000, 11_000), gif((1, 1), (60_000, 60_000))])
def test_a_small_file_that_asks_for_much_is_not_put_into_the_page(bomb: bytes, tmp_path: Path) -> None:
    """A browser would unpack each into hundreds of megabytes, and a page holds 90 of them."""
    name = "a.png" if bomb.startswith(b"\x89PNG") else "a.gif"
    for folder, body in (("bad", bomb), ("good", png(300, 200))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(body)
    assert look(Pictures(), tmp_path / "bad", name) is None
    if name == "a.png":
        assert (look(Pictures(), tmp_path / "good", name) or "").startswith("data:image/png")

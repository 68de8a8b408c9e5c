"""Size of the page: what others wrote cheaply makes no page that nobody can open."""

from __future__ import annotations

from s3sync.dashboard.gather import MOST_FILES, MOST_TOLD, bound
from s3sync.dashboard.page import page_of
from s3sync.dashboard.values import Dashboard, File, Repository, ShownProject


def test_long_names_of_members_do_not_stand_at_each_file() -> None:
    """A metadata.json of 2 MB would make a page of 400 MB."""
    names = tuple(f"{number:02}" + "x" * 39_000 for number in range(50))
    one = ShownProject(
        "b40", files=[File(f"{n}.mp4", 1, "in_sync", has=names[:25], lacks=names[25:]) for n in range(200)]
    )
    other = ShownProject("b41", files=[File("a.mp4", 1, "in_sync", has=("ana",))])
    bound([one, other])
    assert one.files[0].has == names[:25] and one.files[1].lacks == names[25:]
    assert (one.files[-1].name, one.files[-1].has, one.files[-1].lacks) == ("199.mp4", (), ())
    assert len(page_of(Dashboard("2026-11-26T10:00:00Z", [Repository("r", projects=[one, other])]))) < 2 * MOST_TOLD


def test_a_large_team_is_told_at_each_file() -> None:
    names = tuple(f"member-{number}" for number in range(10))
    project = ShownProject("b40", files=[File(f"{n}.mp4", 1, "in_sync", has=names) for n in range(MOST_FILES + 5)])
    bound([project])
    assert len(project.files) == MOST_FILES and project.files_left == 5
    assert all(file.has == names for file in project.files)

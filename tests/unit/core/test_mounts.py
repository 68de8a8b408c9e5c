"""Places of disks that come and go, by the names of a path and by the system's table."""

from __future__ import annotations

import pytest

from s3sync.core.archive.mounts import named_mounts, place_of


@pytest.mark.parametrize(
    ("path", "depth"),
    [
        ("media/T7/projects", 1),
        ("media/david/T7", 1),
        ("run/media/david/T7/x", 2),
        ("mnt/nas", 1),
        ("Volumes/T7/projects", 1),
        ("media", 0),
        ("run/media", 0),
        ("run/other/x", 0),
        ("home/david/media/T7", 0),
        ("volumes/T7", 0),
        ("srv/archive", 0),
    ],
)
def test_places(path: str, depth: int) -> None:
    assert place_of(path.split("/")) == depth


def test_the_table_names_mount_points_and_not_that_of_the_system() -> None:
    table = (
        "# /dev/sdz1 /srv/comment ext4\n"
        "UUID=1 / ext4 defaults 0 1\n"
        "UUID=2\t/srv/ssd/  ext4 noauto 0 2\n"
        "//nas/share /srv/our\\040films cifs x 0 0\n"
        "UUID=3 none swap sw 0 0\n"
        "broken\n\n"
    )
    assert list(named_mounts(table)) == ["/srv/ssd", "/srv/our films"]

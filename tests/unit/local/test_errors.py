"""The operating system's errors become ours."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from s3sync.disk.errors import local_errors, reason_of
from s3sync.errors import DiskFull, LocalError, TargetChanged


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT], ids=errno.errorcode.get)
def test_f14_a_full_disk(number: int) -> None:
    with pytest.raises(DiskFull) as caught, local_errors("cannot write", "cut/a.mp4"):
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == "cannot write cut/a.mp4: the disk is full"
    assert "untouched" in (caught.value.hint or "")


def test_f14_a_file_that_is_too_large_for_the_disk() -> None:
    with pytest.raises(DiskFull) as caught, local_errors("cannot write", "cut/a.mp4"):
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    assert str(caught.value) == "cannot write cut/a.mp4: this disk cannot hold so large a file"
    assert "file system" in (caught.value.hint or "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_f14_a_device_that_is_full() -> None:
    with pytest.raises(DiskFull), local_errors("cannot write", "/dev/full"):
        Path("/dev/full").write_bytes(b"x")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "permission denied"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EIO, "the disk reports an input/output error"),
        (errno.ENOENT, "it is not there"),
        (errno.EXDEV, os.strerror(errno.EXDEV)),
    ],
)
def test_any_other_error(number: int, reason: str) -> None:
    with pytest.raises(LocalError) as caught, local_errors("cannot read", "cut/a.mp4"):
        raise OSError(number, os.strerror(number), "/the/path/that/Python/adds")
    assert type(caught.value) is LocalError
    assert str(caught.value) == f"cannot read cut/a.mp4: {reason}"
    assert isinstance(caught.value.__cause__, OSError)


def test_an_error_without_a_number_still_says_something() -> None:
    assert reason_of(OSError()) == "OSError"
    assert reason_of(OSError("odd")) == "OSError"


def test_what_is_not_the_systems_passes() -> None:
    with pytest.raises(TargetChanged), local_errors("cannot write", "a"):
        raise TargetChanged("a changed meanwhile")
    with pytest.raises(ZeroDivisionError), local_errors("cannot write", "a"):
        raise ZeroDivisionError

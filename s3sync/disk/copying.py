"""Bytes of an open file: read as far as it went, and copied into another, in the kernel where it can."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import IO, BinaryIO

BLOCK = 1024 * 1024


def pieces(stream: IO[bytes], most: int) -> Iterator[bytes]:
    """The bytes of an open file, and no more than `most` of them.

    Whoever else may write it can make it larger for as long as it is read, with a hole that costs him nothing. One byte
    more than a file has, asked for, tells by its digest that it grew.
    """
    left = most
    while left and (piece := stream.read(min(left, BLOCK))):
        left -= len(piece)
        yield piece


def append(source: BinaryIO, target: BinaryIO, size: int) -> None:
    """Copy `size` bytes from where `source` stands to the end of `target`, in the kernel where it can.

    Raises EOFError when the source is shorter.
    """
    target.flush()
    left = size - _copy_in_kernel(source, target, size)
    while left:
        block = source.read(min(left, BLOCK))
        if not block:
            raise EOFError(f"{left} of {size} bytes are missing")
        target.write(block)
        left -= len(block)


def _copy_in_kernel(source: BinaryIO, target: BinaryIO, size: int) -> int:
    copy = getattr(os, "copy_file_range", None)
    if copy is None or source.tell() != os.lseek(source.fileno(), 0, os.SEEK_CUR):
        return 0
    done = 0
    with contextlib.suppress(OSError):
        while done < size:
            moved = copy(source.fileno(), target.fileno(), min(size - done, 1 << 30))
            if not moved:
                break
            done += moved
    return done

"""A checksum in the making, as those who feed it and those who compare it see it."""

from __future__ import annotations

from typing import Protocol, Self


class Running(Protocol):
    """A digest that is fed piece by piece."""

    def update(self, chunk: bytes, /) -> object: ...


class Checksum(Running, Protocol):
    """One that a store verifies, and that can tell its value in the form that the store uses."""

    def value(self) -> str:
        """The algorithm and the checksum of what came so far, as `crc64nvme:mX9gfsGhEb8=`."""

    @property
    def combines(self) -> bool:
        """True if `append` can be used."""

    def append(self, later: Self, size: int) -> None:
        """Go on as if the bytes had come that another one was fed with, so many of them."""

"""A reader over no bytes: what a server has no answer for but an error."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.store.port import Buffer, ObjectInfo


class EmptyReader:
    """A `port.Reader` over no bytes."""

    def __init__(self, info: ObjectInfo) -> None:
        self.info = info

    def __enter__(self) -> EmptyReader:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Buffer]:
        return iter(())

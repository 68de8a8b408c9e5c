"""A wrapper that misses an operation of the port would give the bare store's answer, or none."""

from __future__ import annotations

from s3sync.store.port import Store
from s3sync.store.wrapped import Wrapped


def test_a_wrapper_passes_on_every_operation_of_the_port() -> None:
    def operations(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert operations(Wrapped) == operations(Store)

"""Smaller limits of memory and of what is accepted, so that few entries are many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from s3sync.core import limits


def limit(patch: pytest.MonkeyPatch, **smaller: int) -> None:
    """Until the patch is undone."""
    patch.setattr(limits, "now", replace(limits.now, **smaller))


@contextmanager
def limited(**smaller: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        limit(patch, **smaller)
        yield

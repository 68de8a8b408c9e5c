"""Descriptions of services that botocore reads at each start: the same files, read in a quarter of the time.

botocore makes an `OrderedDict` of each JSON object, by Python's reader, and asks the disk about each of 430 services
before it believes that there is one called S3. That was 70 ms before the first part of a large file travelled.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

_READERS: tuple[tuple[str, Callable[[str], Any]], ...] = (
    (".json", partial(open, mode="rb")),
    (".json.gz", gzip.open),
)


def read_quickly(session: Any) -> None:
    """Have a botocore session read its descriptions quickly."""
    loader = session.get_component("data_loader")
    if not isinstance(loader.file_loader, _Files):
        loader.file_loader = _Files(loader.file_loader)
        loader.list_available_services = partial(_services, loader)


class _Files:
    """Reader of JSON files, in place of `botocore.loaders.JSONFileLoader`. Python's dictionaries keep their order."""

    def __init__(self, slow: Any) -> None:
        self._slow = slow

    def exists(self, file_path: str) -> bool:
        return bool(self._slow.exists(file_path))

    def load_file(self, file_path: str) -> Any:
        """The content of a file, whose ending is not given; None where there is none."""
        for ending, opened in _READERS:
            if os.path.isfile(file_path + ending):  # noqa: PTH113
                with opened(file_path + ending) as file:
                    content = file.read()
                try:
                    return msgspec.json.decode(content)
                except msgspec.DecodeError:  # a description of the user's own, which botocore may understand
                    return self._slow.load_file(file_path)
        return None


def _services(loader: Any, type_name: str) -> list[str]:
    """The folders of services. Whether one has a description of this kind is found out when that is read."""
    found: set[str] = set()
    for path in loader.search_paths:
        with suppress(OSError):
            found.update(os.listdir(path))
    return sorted(found)

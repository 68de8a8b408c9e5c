"""Reading with the clock of the store: obstore does not show the header that tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from s3sync.core.times import http_date
from s3sync.store.aspects import TimedBody
from s3sync.store.azure.answers import info_of
from s3sync.store.azure.downloads import download
from s3sync.store.azure.requests import Requests
from s3sync.store.port import ObjectInfo


class AzureReadsTimed:
    """`aspects.ReadsTimed` of a container."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def read_timed(self, key: str, most_bytes: int) -> TimedBody:
        name, told = self._io.key(key), list[datetime | None]()

        def read() -> tuple[ObjectInfo, bytes | None]:
            answer = download(self._io.full, name, raw_response_hook=lambda found: told.append(date_of(found)))
            return info_of(key, answer.properties), answer.readall() if answer.size <= most_bytes else None

        info, body = self._io.on_full("read", name, read)
        return TimedBody(info, body, told[-1] if told else None)


def date_of(answer: Any) -> datetime | None:
    """The store's clock at the time of an answer of the library's pipeline."""
    try:
        told = answer.http_response.headers.get("Date")
    except AttributeError:
        return None
    return http_date(told)

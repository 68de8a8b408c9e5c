"""Reading with the clock of the store, by the JSON API: obstore does not show the header that tells it."""

from __future__ import annotations

from s3sync.store.aspects import TimedBody
from s3sync.store.gcs.reading import MediaReader
from s3sync.store.gcs.requests import Requests, date_of
from s3sync.store.gcs.resources import generation_of, info_of


class GcsReadsTimed:
    """`aspects.ReadsTimed` of a bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def read_timed(self, key: str, most_bytes: int) -> TimedBody:
        """The object's own generation is asked for, so that head and body are of one version."""
        name = self._io.key(key)
        found = self._io.resource(name)
        info = self._io.read("read", name, lambda: info_of(found, self._io.root))
        if info.size > most_bytes:
            return TimedBody(info, None, date_of(found))
        generation = generation_of(found)
        answer = self._io.on_full("read", name, lambda: self._io.api.media(name, 0, None, generation))
        with MediaReader(info, answer, lambda failure: self._io.error(failure, "read", name)) as reader:
            return TimedBody(info, b"".join(reader), date_of(found))

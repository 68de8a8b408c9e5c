"""Tags of objects in a bucket."""

from __future__ import annotations

from collections.abc import Mapping

from s3sync.store.s3.requests import Requests


class S3Tags:
    """`aspects.Tags` of a bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def get_tags(self, key: str) -> dict[str, str]:
        name = self._io.key(key)
        answer = self._io.ask("read the tags of", name, "get_object_tagging", Key=name)
        return {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", ())}

    def put_tags(self, key: str, tags: Mapping[str, str]) -> None:
        name = self._io.key(key)
        if not tags:
            self._io.ask("remove the tags of", name, "delete_object_tagging", Key=name)
            return
        listed = [{"Key": tag, "Value": value} for tag, value in tags.items()]
        self._io.ask("tag", name, "put_object_tagging", Key=name, Tagging={"TagSet": listed})

"""Forms of S3: a POST policy (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from s3sync.errors import StoreError
from s3sync.store.forms import DropForm
from s3sync.store.s3.presign import S3Presigns
from s3sync.store.s3.requests import Requests

ANY_NAME = "${filename}"
"""End of a key that stands for any other, to whoever makes the policy: it then says `starts-with`."""
CONTENT_TYPE = "application/octet-stream"
"""Type of all that comes by a form: none of it is a page of the bucket, whatever its sender calls it."""


class S3Forms:
    """`forms.Forms` of a bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io
        self._signing = S3Presigns(io)

    def sign_form(self, prefix: str, *, lasts: timedelta, most_bytes: int, filled: Sequence[str]) -> DropForm:
        if not prefix.endswith("/"):
            raise StoreError(f"could not make a form for {prefix!r}", why="it is no prefix")
        begins = self._io.key(prefix)
        fixed = {"Content-Type": CONTENT_TYPE, "success_action_status": "201", **self._asked_for()}
        free = [["starts-with", f"${name}", ""] for name in filled]
        conditions = [["content-length-range", 0, most_bytes], *({name: value} for name, value in fixed.items()), *free]
        made, expires = self._signing.signed_form(begins + ANY_NAME, fixed, conditions, lasts)
        fields = {name: value for name, value in made["fields"].items() if name != "key"}
        return DropForm(made["url"], fields, begins, expires)

    def _asked_for(self) -> dict[str, str]:
        """Fields for what the settings have each write ask for. A form has no field for who pays."""
        wire = self._io.wire.headers(writes=True)
        fields = {name: value for name, value in wire.items() if name.startswith("x-amz-server-side-encryption")}
        return fields | ({"acl": wire["x-amz-acl"]} if "x-amz-acl" in wire else {})

    def send_form(self, form: DropForm, key: str, body: bytes, filled: Mapping[str, str]) -> int:
        name = self._io.root + key
        return self._io.on_full("send a form for", name, lambda: self._sent(form, name, body, filled))

    def _sent(self, form: DropForm, key: str, body: bytes, filled: Mapping[str, str]) -> int:
        from botocore.awsrequest import AWSRequest

        edge = uuid.uuid4().hex
        request = AWSRequest(
            method="POST",
            url=form.url,
            data=multipart(edge, {"key": key, **form.fields, **filled}, body),
            headers={"Content-Type": f"multipart/form-data; boundary={edge}"},
        ).prepare()
        client: Any = self._io.full.client
        return int(client._endpoint.http_session.send(request).status_code)


def multipart(edge: str, fields: Mapping[str, str], body: bytes) -> bytes:
    """The body of a form (RFC 7578), with the file last, as S3 wants it."""
    parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields]
    file = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'
    return "".join([*parts, file]).encode() + body + f"\r\n--{edge}--\r\n".encode()

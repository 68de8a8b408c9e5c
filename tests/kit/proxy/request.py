"""What a request asks for, and its head: read, changed, signed anew."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, quote, unquote

CHUNKED, UNTIL_CLOSE = -1, -2  # the length of a body that says none

# What follows `?` and tells one operation from another: the last part of its name.
_SUBRESOURCES = {
    "accelerate": "AccelerateConfiguration",
    "acl": "Acl", "attributes": "Attributes", "cors": "Cors", "encryption": "Encryption", "legal-hold": "LegalHold",
    "lifecycle": "LifecycleConfiguration", "location": "Location", "object-lock": "ObjectLockConfiguration",
    "ownershipControls": "OwnershipControls", "policy": "Policy", "policyStatus": "PolicyStatus",
    "publicAccessBlock": "PublicAccessBlock",
    "retention": "Retention", "tagging": "Tagging", "versioning": "Versioning",
}  # fmt: skip


@dataclass
class Request:
    """One request in the log; `status` is None until the answer's head is there, `sent` and `received` grow."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    bucket: str = ""
    key: str = ""
    query: dict[str, str] = field(default_factory=dict)
    operation: str = ""
    status: int | None = None
    sent: int = 0
    received: int = 0

    @classmethod
    def parse(cls, head: bytes) -> Self:
        first, headers = parse_head(head)
        method, target, _ = first.split(" ", 2)
        path, _, query = target.partition("?")
        bucket, _, key = unquote(path).removeprefix("/").partition("/")
        request = cls(method, target, headers, bucket, key, dict(parse_qsl(query, keep_blank_values=True)))
        request.operation = _operation(request)
        return request

    @property
    def range(self) -> str | None:
        return self.headers.get("range")

    @property
    def signed_headers(self) -> set[str]:
        _, found, rest = self.headers.get("authorization", "").partition("SignedHeaders=")
        return set(rest.split(",")[0].split(";")) if found else set()


def _operation(request: Request) -> str:
    """The S3 operation, by the name that its API has for it."""
    method, query, kind = request.method, request.query, "Object" if request.key else "Bucket"
    verb = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "HEAD": "Head"}.get(method, method.title())
    for name, ending in _SUBRESOURCES.items():
        if name in query and method != "HEAD":
            return f"{verb}{'' if name == 'publicAccessBlock' else kind}{ending}"
    copied = "x-amz-copy-source" in request.headers
    if request.key:
        if method == "PUT":
            return ("UploadPart" if "uploadId" in query else "CopyObject" if copied else "PutObject") + (
                "Copy" if copied and "uploadId" in query else ""
            )
        if method == "POST" and ("uploads" in query or "restore" in query):
            return "CreateMultipartUpload" if "uploads" in query else "RestoreObject"
        of_upload = {"GET": "ListParts", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}
        return of_upload.get(method, f"{verb}Object") if "uploadId" in query else f"{verb}Object"
    if not request.bucket:
        return "ListBuckets" if method == "GET" else "Service"
    if method == "GET":
        named = {"uploads": "ListMultipartUploads", "versions": "ListObjectVersions", "list-type": "ListObjectsV2"}
        return next((operation for name, operation in named.items() if name in query), "ListObjects")
    return {"PUT": "CreateBucket", "POST": "DeleteObjects"}.get(method, f"{verb}Bucket")


def parse_head(head: bytes) -> tuple[str, dict[str, str]]:
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return first, headers


def status_of(head: bytes) -> int:
    return int(head[9:12])


def body_length(headers: Mapping[str, str], unsaid: int) -> int:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return CHUNKED
    return int(headers.get("content-length", unsaid))


def with_headers(head: bytes, changes: Mapping[str, str | None]) -> bytes:
    """The head with these headers set, or (None) without them."""
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    kept = [line for line in lines if line.partition(":")[0].lower() not in changes]
    new = [f"{name}: {value}" for name, value in changes.items() if value is not None]
    return "\r\n".join([first, *kept, *new, "", ""]).encode("latin-1")


def altered(head: bytes, request: Request, drop: tuple[str, ...], secrets: Mapping[str, str]) -> bytes:
    """The head without these headers, signed anew if they were signed."""
    dropped = [name for name in drop if name in request.headers]
    if not dropped:
        return head
    changes: dict[str, str | None] = dict.fromkeys(dropped)
    if request.signed_headers.intersection(dropped):
        changes["authorization"] = _authorization(request, request.signed_headers.difference(dropped), secrets)
    return with_headers(head, changes)


def _authorization(request: Request, signed: set[str], secrets: Mapping[str, str]) -> str:
    """Signature version 4 over fewer headers than the client signed."""
    scope = request.headers["authorization"].split("Credential=")[1].split(",")[0]
    access_key, day, region, service, ending = scope.split("/")
    assert access_key in secrets, f"to strip a signed header, give Proxy the secret of {access_key}"
    path, _, query = request.target.partition("?")
    pairs = sorted((quote(k, "-_.~"), quote(v, "-_.~")) for k, v in parse_qsl(query, keep_blank_values=True))
    names = sorted(signed)
    canonical = [request.method, quote(unquote(path), "/-_.~"), "&".join(f"{k}={v}" for k, v in pairs)]
    canonical += [f"{name}:{' '.join(request.headers[name].split())}" for name in names]
    canonical += ["", ";".join(names), request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]
    digest = hashlib.sha256("\n".join(canonical).encode("latin-1")).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope.partition("/")[2], digest])
    key = b"AWS4" + secrets[access_key].encode()
    for part in (day, region, service, ending, to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"AWS4-HMAC-SHA256 Credential={scope},SignedHeaders={';'.join(names)},Signature={key.hex()}"

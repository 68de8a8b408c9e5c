"""The botocore client of one bucket, and what is changed in how botocore makes requests and reads answers."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any

from s3sync._version import __version__
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import OF_GATEWAYS, Failure
from s3sync.store.options import Wire
from s3sync.store.s3.address import Address
from s3sync.store.s3.answers import StrictAnswers, refuse_costly
from s3sync.store.s3.bounded import BoundedSession
from s3sync.store.s3.connections import keep_bounds
from s3sync.store.s3.credentials import Credentials
from s3sync.store.s3.tls import ca_bundle

CONNECT_S = 8
# Without progress. The last wait, for the answer, includes what the system still has to send from its own buffer:
# 1 MiB of that in 300 s is 28 kbit/s for one transfer.
READ_S = 300
_POOL = 32
_MD5_OF_NOTHING = "1B2M2Y8AsgTpgAmY7PhCfg=="
_WRITES_OBJECTS = frozenset({"PutObject", "CreateMultipartUpload", "CopyObject"})


def make_client(address: Address, credentials: Credentials, env: Mapping[str, str], wire: Wire) -> Any:
    """A botocore S3 client, safe to use from any thread. Raises `CredentialsError`, `ConfigError`."""
    keep_bounds()
    keys = credentials.keys()
    fixed: dict[str, Any] = {}
    if credentials.are_static:
        fixed = {
            "aws_access_key_id": keys.access_key,
            "aws_secret_access_key": keys.secret_key,
            "aws_session_token": keys.token,
        }
    bundle = ca_bundle(env, wire.ca_bundle)
    client = credentials.session.create_client(
        "s3",
        region_name=address.region,
        endpoint_url=address.endpoint,
        verify=None if bundle is None else str(bundle),
        config=_config(address, wire),
        **fixed,
    )
    _adjust(client.meta.events, wire)
    return bounded(client, address.shown)


def bounded(client: Any, server: str) -> Any:
    """A botocore client, of whichever service, whose answers end and are what that service says."""
    endpoint = client._endpoint
    endpoint.http_session = BoundedSession(endpoint.http_session, server)
    endpoint._response_parser_factory = StrictAnswers(endpoint._response_parser_factory)
    return client


def _config(address: Address, wire: Wire) -> Any:
    from botocore import __version__ as botocore_version
    from botocore.config import Config

    options: dict[str, Any] = {
        "retries": {"mode": "standard", "total_max_attempts": 1},
        "connect_timeout": wire.connect_timeout or CONNECT_S,
        "read_timeout": wire.read_timeout or READ_S,
        "tcp_keepalive": True,
        "max_pool_connections": _POOL,
        # Content-MD5 is always given and signed, and the server verifies it: hashing the body once more for the
        # signature, or for another checksum, would only cost time.
        "s3": {
            "addressing_style": "path" if address.path_style else "virtual",
            "payload_signing_enabled": False,
            "use_accelerate_endpoint": address.accelerated,
        },
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "ignore_configured_endpoint_urls": True,
        "signature_version": "s3v4",  # which requests have anyhow, and links not: theirs would never end with a session
        # Given as a whole: botocore puts its own together twice for each request, a sixth of what a request costs.
        "user_agent": f"s3sync/{__version__} Botocore/{botocore_version}",
    }
    if wire.proxy:
        options["proxies"] = {"http": wire.proxy, "https": wire.proxy}
    return Config(**options)


def _adjust(events: Any, wire: Wire) -> None:
    from botocore import handlers

    # Asking first whether a body may come costs a round trip each, and a second where the server never answers.
    events.unregister("before-call.s3", handlers.add_expect_header)
    # botocore makes a 500 of a success whose body is no XML, and does so before anybody else may look.
    builtin = getattr(handlers, "_handle_200_error", None)
    if builtin:
        events.unregister("before-parse.s3.*", builtin)
    events.register_first("before-parse.s3.*", refuse_foreign)
    if builtin:
        events.register_first("before-parse.s3.*", builtin)
    events.register("before-call.s3.*", _prefer_content_md5)
    events.register("before-call.s3.*", _follow_no_redirect)
    events.register("before-call.s3.*", partial(_add_headers, wire))


def _add_headers(wire: Wire, params: dict[str, Any], model: Any, **_: object) -> None:
    """Ask for the encryption, rights and payer of the settings, before the request is signed."""
    params["headers"].update(wire.headers(writes=model.name in _WRITES_OBJECTS))


def _follow_no_redirect(params: dict[str, Any], **_: object) -> None:
    """Keep botocore from sending a request to another region's server, or from asking about it without end.

    The answer that names the right region becomes an error that names it (`errors.translate`).
    """
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


def _prefer_content_md5(params: dict[str, Any], **_: object) -> None:
    """Send Content-MD5 where S3 demands a checksum of a request's XML and botocore would choose CRC32.

    Both are documented, and stores that do not know the newer headers refuse them.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html
    """
    chosen, body = params.get("context", {}).get("checksum", {}), params.get("body")
    if isinstance(body, bytes) and chosen.pop("request_algorithm", None):
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        params["headers"]["Content-MD5"] = binascii.b2a_base64(digest, newline=False).decode("ascii")
        params["headers"].pop("x-amz-sdk-checksum-algorithm", None)


def send_md5_with_copies(client: Any) -> None:
    """Give the Content-MD5 of a copy's body, which is empty, from now on."""
    for operation in ("CopyObject", "UploadPartCopy"):
        client.meta.events.register(f"before-call.s3.{operation}", _add_md5_of_nothing)


def _add_md5_of_nothing(params: dict[str, Any], **_: object) -> None:
    params["headers"]["Content-MD5"] = _MD5_OF_NOTHING


def refuse_foreign(response_dict: dict[str, Any], **_: object) -> None:
    """Notice an answer that is no XML before botocore makes an empty success, or a server error, of it."""
    refuse_costly(response_dict)
    body, status = response_dict.get("body"), response_dict["status_code"]
    start = body[:200].strip().lower() if isinstance(body, bytes) else b""
    is_xml = start.startswith(b"<") and b"<html" not in start and not start.startswith(b"<!doctype html")
    # A proxy in front of a store in trouble answers with a page of its own; that passes.
    if start and not is_xml and status not in OF_GATEWAYS:
        raise RequestFailed(Failure("not_s3", status))

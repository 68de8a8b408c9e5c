"""Clients for services of AWS beside S3, with the store's keys: IAM, Cost Explorer, Budgets.

A server that is no AWS is asked at its own address, as some have these services there.
"""

from __future__ import annotations

from typing import Any

from s3sync.errors import AccessDenied, NotAStore, NotFound, StoreError
from s3sync.store.lanes.failures import Failure
from s3sync.store.s3.client import CONNECT_S, READ_S, bounded
from s3sync.store.s3.connections import keep_bounds
from s3sync.store.s3.requests import Requests
from s3sync.store.s3.tls import ca_bundle

GLOBAL = "us-east-1"
"""Region of the services that AWS has only once."""


def make_service(io: Requests, name: str, region: str | None = None, endpoint: str | None = None) -> Any:
    """A botocore client of a service, which tries once: `io.attempts` decides. Raises `CredentialsError`.

    `endpoint`: its address, where it is neither AWS's nor the store's.
    """
    from botocore.config import Config

    keys, address = io.credentials.keys(), io.address
    bundle, proxy = ca_bundle(io.env, io.wire.ca_bundle), io.wire.proxy
    keep_bounds()
    client = io.credentials.session.create_client(
        name,
        region_name=region or address.region,
        endpoint_url=endpoint or address.endpoint,
        verify=None if bundle is None else str(bundle),
        config=Config(
            connect_timeout=io.wire.connect_timeout or CONNECT_S,
            read_timeout=io.wire.read_timeout or READ_S,
            retries={"mode": "standard", "total_max_attempts": 1},
            proxies={"http": proxy, "https": proxy} if proxy else None,
        ),
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
    )
    return bounded(client, address.shown)


def service_error(
    io: Requests, failure: Failure, doing: str, of: str, service: str, hint: str, rights: str | None = None
) -> StoreError:
    """Our error for a failure: "could not <doing> <of>". A server without the service says anything.

    `hint` is for a server without it, `rights` for a user without these.
    """
    found = io.error(failure, doing, of)
    if isinstance(found, AccessDenied) and rights is not None:
        return AccessDenied(f"could not {doing} {of}", why=found.why, hint=f"it takes the right to {rights}")
    if isinstance(found, NotFound | NotAStore) or (type(found) is StoreError and found.hint is None):
        why = f"the server does not answer as {service} does ({found.why or found.message})"
        return StoreError(f"could not {doing} {of}", why=why, hint=hint)
    return found

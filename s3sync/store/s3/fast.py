"""The fast lane of S3: obstore with S3's address, credentials and checksum."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from s3sync._version import __version__
from s3sync.store.lanes.failures import NOWHERE
from s3sync.store.lanes.obstore.lane import Client, ObstoreLane
from s3sync.store.lanes.proxies import Proxy, find_proxy
from s3sync.store.options import Wire
from s3sync.store.s3.address import Address
from s3sync.store.s3.credentials import Credentials
from s3sync.store.s3.tls import ca_bundle

_CHECKSUM = {"checksum_algorithm": "CRC64NVME"}
_CONNECT = timedelta(seconds=8)


class FastLane(ObstoreLane):
    """obstore on one bucket."""

    def __init__(self, address: Address, credentials: Credentials, env: Mapping[str, str], wire: Wire) -> None:
        super().__init__(address.shown, wire.retries)
        self._address, self._credentials, self._env, self._wire = address, credentials, env, wire
        self.proxy = Proxy("the setting proxy", wire.proxy) if wire.proxy else find_proxy(address.shown)
        self._trusts_redirects: bool | None = None

    def cannot(self, key: str) -> bool:
        """True if requests for a key have to go the other way: obstore cannot name it, or would leak credentials.

        obstore follows redirects, and takes the session token along. `_fence` keeps it from other hosts; where that
        cannot be (another port of the host, a proxy), requests with a token are left to botocore, which follows none.
        """
        return super().cannot(key) or self._may_leak()

    def _may_leak(self) -> bool:
        if self._trusts_redirects is None:
            aws = self._address.is_aws
            self._trusts_redirects = aws or (self.proxy is None and self._credentials.keys().token is None)
        return not self._trusts_redirects

    def _fence(self) -> dict[str, str]:
        """Options that end a redirect to another host nowhere: reqwest follows it, with the session token.

        AWS itself is known by its certificate, and sends requests on between its own hosts only.
        """
        if self._address.is_aws or self.proxy:
            return {}
        return {"proxy_url": f"http://{NOWHERE}", "proxy_excludes": self._address.host}

    def make(self, client: Client) -> Any:
        from obstore.store import S3Store

        self._credentials.keys()  # fails here with a clear error, rather than inside obstore
        address = self._address
        options: Any = {
            "allow_http": not address.encrypted,
            "connect_timeout": _seconds(self._wire.connect_timeout) or _CONNECT,
            "user_agent": f"s3sync/{__version__}",
            **client.timeouts,
            **self._fence(),
        }
        if self._wire.read_timeout:
            options["read_timeout"] = _seconds(self._wire.read_timeout)
        if self._wire.proxy:
            options["proxy_url"] = self._wire.proxy
        bundle = ca_bundle(self._env, self._wire.ca_bundle)
        if bundle:
            options["root_certificate"] = bundle.read_bytes()
        settings: Any = {
            "region": address.region,
            "endpoint": address.base,
            "aws_endpoint_url_s3": address.base,
            "virtual_hosted_style_request": not address.path_style,
            "skip_signature": False,
            # TLS already protects the body, and the checksum covers it end to end.
            "unsigned_payload": address.encrypted,
            "disable_bulk_delete": True,
            **_asked_for(self._wire),
            **(_CHECKSUM if client.writes else {}),
        }
        return S3Store(
            address.bucket,
            config=settings,
            client_options=options,
            retry_config=self.retry(client),  # type: ignore[arg-type]
            credential_provider=self._credentials.for_obstore,  # type: ignore[arg-type]
        )


def _seconds(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)


def _asked_for(wire: Wire) -> dict[str, Any]:
    """What obstore can ask for besides. It knows no ACL: with one, all objects are written by botocore."""
    found = {"server_side_encryption": wire.sse, "sse_kms_key_id": wire.kms_key_id, "request_payer": wire.request_payer}
    return {name: value for name, value in found.items() if value}

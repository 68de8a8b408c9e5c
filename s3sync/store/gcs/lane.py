"""The fast lane of Google Cloud Storage: obstore, for the bodies of objects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from s3sync._version import __version__
from s3sync.store.gcs.address import Address
from s3sync.store.gcs.credentials import Credentials
from s3sync.store.lanes.obstore.lane import Client, ObstoreLane
from s3sync.store.options import Wire

_CONNECT = timedelta(seconds=8)


class FastLane(ObstoreLane):
    """obstore on one bucket. It follows redirects: Google is known by its certificate, and no other server is sent a
    token (`Address.is_google`)."""

    def __init__(self, address: Address, credentials: Credentials, request: Callable[[], Any], wire: Wire) -> None:
        super().__init__(address.base, wire.retries)
        self._address, self._credentials, self._request, self._wire = address, credentials, request, wire

    def make(self, client: Client) -> Any:
        from obstore.store import GCSStore

        self._credentials.token(self._request)  # fails here with a clear error, rather than inside obstore
        wire = self._wire
        options: Any = {
            "allow_http": not self._address.encrypted,
            "connect_timeout": _CONNECT if wire.connect_timeout is None else timedelta(seconds=wire.connect_timeout),
            "user_agent": f"s3sync/{__version__}",
            **client.timeouts,
        }
        if wire.read_timeout:
            options["read_timeout"] = timedelta(seconds=wire.read_timeout)
        if wire.proxy:
            options["proxy_url"] = wire.proxy
        if wire.ca_bundle:
            options["root_certificate"] = self._address.authorities(wire.ca_bundle).read_bytes()
        config: Any = {"base_url": self._address.base, "skip_signature": self._credentials.anonymous}
        more: Any = (
            {}
            if self._credentials.anonymous
            else {"credential_provider": lambda: self._credentials.for_obstore(self._request)}
        )
        return GCSStore(
            self._address.bucket,
            config=config,
            client_options=options,
            retry_config=self.retry(client),  # type: ignore[arg-type]
            **more,
        )

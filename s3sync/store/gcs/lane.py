"""The fast lane of Google Cloud Storage: obstore, for the bodies of objects."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from s3sync._version import __version__
from s3sync.disk.whole_paths import AUTHORITIES, require_whole
from s3sync.store.gcs.address import Address
from s3sync.store.gcs.credentials import Credentials
from s3sync.store.lanes.failures import NOWHERE
from s3sync.store.lanes.obstore.lane import Client, ObstoreLane
from s3sync.store.lanes.proxies import Proxy
from s3sync.store.options import Wire

_CONNECT = timedelta(seconds=8)


class FastLane(ObstoreLane):
    """obstore on one bucket, straight or through a proxy."""

    def __init__(
        self,
        address: Address,
        credentials: Credentials,
        request: Callable[[], Any],
        wire: Wire,
        proxy: Proxy | None = None,
    ) -> None:
        super().__init__(address.base, wire.retries)
        self._address, self._credentials, self._request, self._wire = address, credentials, request, wire
        self._proxy = proxy

    def make(self, client: Client) -> Any:
        from obstore.store import GCSStore

        require_whole(AUTHORITIES, os.environ)
        self._credentials.token(self._request)  # fails here with a clear error, rather than inside obstore
        wire = self._wire
        options: Any = {
            "allow_http": not self._address.encrypted,
            "connect_timeout": _CONNECT if wire.connect_timeout is None else timedelta(seconds=wire.connect_timeout),
            "user_agent": f"s3sync/{__version__}",
            **client.timeouts,
            **self._fence(),
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

    def _fence(self) -> dict[str, str]:
        """Options that end a redirect to another host nowhere: obstore follows them. Google itself sends none."""
        if self._proxy is not None:
            return {}
        return {"proxy_url": f"http://{NOWHERE}", "proxy_excludes": urlsplit(self._address.base).hostname or ""}

"""The fast lane of Azure: obstore with an account's address and credentials."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from s3sync._version import __version__
from s3sync.disk.whole_paths import AUTHORITIES, require_whole
from s3sync.store.azure import names
from s3sync.store.azure.address import Address
from s3sync.store.azure.credentials import Credentials
from s3sync.store.lanes.failures import NOWHERE
from s3sync.store.lanes.obstore.lane import Client, ObstoreLane
from s3sync.store.lanes.proxies import Proxy, find_proxy
from s3sync.store.options import Wire

CONNECT_S = 8


class FastLane(ObstoreLane):
    """obstore on one container."""

    def __init__(self, address: Address, credentials: Credentials, wire: Wire) -> None:
        super().__init__(address.shown, wire.retries)
        self._address, self._credentials, self._wire = address, credentials, wire
        self.proxy = Proxy("the setting proxy", wire.proxy) if wire.proxy else find_proxy(address.shown)

    def encode(self, metadata: Mapping[str, str]) -> dict[str, str]:
        return names.encode(metadata)

    def decode(self, headers: Mapping[str, str]) -> dict[str, str]:
        return names.decode(headers)

    def make(self, client: Client) -> Any:
        from obstore.store import AzureStore

        require_whole(AUTHORITIES, os.environ)
        self._credentials.require()  # fails here with a clear error, rather than inside obstore
        address, wire = self._address, self._wire
        options: Any = {
            "allow_http": not address.encrypted,
            "connect_timeout": timedelta(seconds=wire.connect_timeout or CONNECT_S),
            "user_agent": f"s3sync/{__version__}",
            **client.timeouts,
            **self._fence(),
        }
        if wire.read_timeout:
            options["read_timeout"] = timedelta(seconds=wire.read_timeout)
        if wire.proxy:
            options["proxy_url"] = wire.proxy
        if wire.ca_bundle:
            options["root_certificate"] = Path(wire.ca_bundle).read_bytes()
        settings: Any = {
            "account_name": address.account,
            "endpoint": address.base,
            "use_emulator": False,
            "use_fabric_endpoint": False,
            "use_azure_cli": False,
            "skip_signature": False,
            "disable_tagging": False,
        }
        return AzureStore(
            address.container,
            config=settings,
            client_options=options,
            retry_config=self.retry(client),  # type: ignore[arg-type]
            credential_provider=self._credentials.for_obstore,  # type: ignore[arg-type]
        )

    def _fence(self) -> dict[str, str]:
        """Options that end a redirect to another host nowhere. Azure itself sends no request on."""
        if self.proxy:
            return {}
        return {"proxy_url": f"http://{NOWHERE}", "proxy_excludes": self._address.host}

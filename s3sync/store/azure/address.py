"""Address of a container: Azure's own host, or a server that speaks the same (an emulator, another cloud)."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

from s3sync.config import mask_url
from s3sync.config.schemes import SCHEMES
from s3sync.errors import ConfigError

DOMAIN = "blob.core.windows.net"


class Address(Struct, frozen=True):
    """`base` is what a container's name follows, without a `/` at its end: emulators have the account in the path."""

    account: str
    container: str
    base: str
    is_azure: bool

    @property
    def encrypted(self) -> bool:
        return self.base.startswith("https://")

    @property
    def takes_tokens(self) -> bool:
        """True if the server is Microsoft's own, by its name and encrypted: nobody else is ever sent a token.

        A token opens every account that its owner may open.
        """
        return SCHEMES["az"].takes_tokens(self.base)

    @property
    def host(self) -> str:
        return urlsplit(self.base).hostname or ""

    @property
    def is_loopback(self) -> bool:
        return self.host in ("127.0.0.1", "::1", "localhost")

    @property
    def shown(self) -> str:
        return mask_url(self.base)


def find_address(account: str, container: str, endpoint: str | None) -> Address:
    """The address of a container. `endpoint` is the account's blob endpoint, or an emulator's server.

    A server that is given by its number, or that does not begin with the account's name, has the account in the path
    (https://learn.microsoft.com/azure/storage/common/storage-use-azurite#http-connection-strings).
    Raises `ConfigError` for an address that is none.
    """
    if endpoint is None:
        return Address(account, container, f"https://{account}.{DOMAIN}", True)
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ConfigError(
            f"{mask_url(endpoint)} is not the address of a blob service",
            hint=f"write it as https://{account}.{DOMAIN}, or as http://127.0.0.1:10000 for an emulator",
        )
    base = endpoint.rstrip("/")
    in_host = parts.hostname.startswith(f"{account}.")
    if not in_host and not parts.path.rstrip("/").endswith(f"/{account}"):
        base = f"{base}/{account}"
    return Address(account, container, base, parts.scheme == "https" and parts.hostname == f"{account}.{DOMAIN}")

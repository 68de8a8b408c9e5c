"""The HTTP proxy that the environment names for a server. Both libraries read the same variables by themselves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from s3sync.config import mask_url


class Proxy(Struct, frozen=True):
    """`variable` names the environment variable it came from. `url` may hold a password: show `shown`."""

    variable: str
    url: str

    @property
    def shown(self) -> str:
        return mask_url(self.url)


def find_proxy(url: str, environ: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy between this computer and a server, None where there is none."""
    scheme, host = urlsplit(url).scheme, urlsplit(url).hostname or ""
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    variable = next((name for name in names if environ.get(name)), None)
    if variable is None or _is_bypassed(host, environ):
        return None
    return Proxy(variable, environ[variable])


def _is_bypassed(host: str, environ: Mapping[str, str]) -> bool:
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

    excluded = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return bool(proxy_bypass_environment(host, {"no": excluded})) if excluded else False

"""Paths that the user's environment names for libraries: whole ones, which mean the same file in every folder.

A library takes another path from the current folder. That may be a clone, and its committers would say which
authorities vouch for a server, and which login is sent to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from s3sync.errors import ConfigError

AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables of OpenSSL, which rustls reads as well: obstore and Python believe the authorities that they name."""
OF_REQUESTS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC")
"""Variables in which the library `requests` finds authorities, and a login that it sends."""
OF_DASK = ("DASK_CONFIG", "DASK_ROOT_CONFIG")
"""Variables that name where Dask finds its settings, which name programs that it runs."""
OF_LIBPQ = ("PGSERVICEFILE", "PGSYSCONFDIR", "PGPASSFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLCRL", "PGSSLCRLDIR")
"""Variables in which the library of PostgreSQL finds servers, logins and authorities
(https://www.postgresql.org/docs/current/libpq-envars.html)."""
_SEVERAL = ("SSL_CERT_DIR",)
_OF_HOME = ("NETRC",)
"""Those in which `~` stands for the home folder."""
_NO_PATHS = {"PGSSLROOTCERT": "system"}
"""A word that one takes in place of a path."""


def not_whole(names: Iterable[str], environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The first of these variables that names a path without its beginning, with that path; None for none."""
    for name in names:
        value = environ.get(name, "")
        for path in value.split(os.pathsep) if name in _SEVERAL else [value]:
            where = Path(path).expanduser() if name in _OF_HOME else Path(path)
            if path and not where.root and path != _NO_PATHS.get(name):
                return name, path
    return None


def require_whole(names: Iterable[str], environ: Mapping[str, str]) -> None:
    """Raise `ConfigError` where one of these variables names a path without its beginning."""
    found = not_whole(names, environ)
    if found is not None:
        raise ConfigError(
            f"{found[0]} names {found[1]}, which cannot be used",
            why="it is no whole path: each folder would have its own file",
            hint="write the whole path",
        )

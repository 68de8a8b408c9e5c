"""Address of the database of an archive set: where it was said, what is taken of it, and what is shown of it.

A variable of the process counts before one in the repository's `.env`, of which nothing but the one that the set names
is taken. What a repository says never names a file with keys, a password file, a service or an authority.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from msgspec import Struct

from s3sync.config.envfile import require_few_blanks
from s3sync.config.locate import exists
from s3sync.config.read import read_text, says_trust
from s3sync.config.settings import Settings
from s3sync.core.archive.values import ArchiveSet
from s3sync.core.spelling import obeyed_refusal
from s3sync.errors import ConfigError

USUAL = ("DATABASE_URL", "SUPABASE_DB_URL", "SUPABASE_DATABASE_URL", "POSTGRES_URL")
"""Variables that are looked for where a set names none."""
DOTENV = ".env"
_OF_CLIENTS = frozenset({"pgbouncer", "connection_limit", "pool_timeout", "schema", "supa", "statement_cache_size"})
"""Words that other clients take from an address, and libpq does not know."""
_HARMLESS = frozenset({"sslmode", "host", "port", "user", "dbname", "connect_timeout", "channel_binding", "gssencmode"})
_USUAL_OF_LIBPQ = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
"""Variables that libpq takes for what an address leaves out (postgresql.org/docs/current/libpq-envars.html)."""
_PROTECTION = {
    "sslmode": ("PGSSLMODE", ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")),
    "channel_binding": ("PGCHANNELBINDING", ("disable", "prefer", "require")),
    "gssencmode": ("PGGSSENCMODE", ("disable", "prefer", "require")),
}
"""Words about protection, each with the user's own variable, and what it may be, the weakest first."""
_PATIENCE = frozenset(map(str, range(1, 61)))
"""Seconds that a repository may have us wait for a connection."""
_OWN = frozenset(
    {"sslrootcert", "sslcert", "sslkey", "options", "target_session_attrs", "password", "sslpassword", "require_auth"}
)
"""Words that only the user himself may say: these name files, settings of the server, or ways to log in there."""
_LOCAL = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1|[/@].*")
_INSISTS = frozenset({"require", "verify-ca", "verify-full"})
"""Levels of `sslmode` without which a connection may be a plain one."""


class Database(Struct, frozen=True):
    """Address of a database. `said` are the words of libpq for PostgreSQL, `path` is SQLite's file.

    `shown` has no password. `origin` says in words where the address stands; `of_repository`: a file there said it.
    """

    shown: str
    origin: str
    of_repository: bool
    path: Path | None = None
    said: Mapping[str, str] = {}

    @property
    def password(self) -> str | None:
        return self.said.get("password")

    def __repr__(self) -> str:
        return f"Database({self.shown!r})"


def database_of(chosen: ArchiveSet, settings: Settings, environ: Mapping[str, str]) -> Database:
    """The database of a set. Raises `ConfigError` where none is named, or it cannot be used."""
    assert chosen.rows is not None
    url = chosen.rows.url
    if url is not None and "://" in url:
        where = settings.origins.get("archives", "the settings") if chosen.confined else "your own settings"
        return _parsed(chosen, url, where, chosen.confined, settings.root, environ)
    names = (url,) if url is not None else USUAL
    for name in names:
        if environ.get(name, "").strip():
            return _parsed(chosen, environ[name].strip(), f"the variable {name}", False, settings.root, environ)
    found = _dotenv(settings.root, names, environ) if settings.root is not None else None
    if found is not None:
        return _parsed(chosen, found[1], f"{found[0]} in {DOTENV}", True, settings.root, environ)
    raise ConfigError(
        f"archives.{chosen.name} does not say which database to ask",
        why=f"none of {', '.join(USUAL)} is set in the environment or in {DOTENV} of the repository"
        if url is None
        else f"{url} is set neither in the environment nor in {DOTENV} of the repository",
        hint=f"export {names[0]}=postgresql://user@host/name, or write `url: sqlite:///path` into the set",
    )


def _dotenv(root: Path, names: tuple[str, ...], environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The first of these variables that the repository's `.env` has, and its value. Raises `ConfigError`."""
    path = root / DOTENV
    if not exists(path):
        return None
    from dotenv.parser import parse_stream

    text = read_text(path, within=root, any_owner=says_trust(environ))
    require_few_blanks(text, path)
    said = {one.key: one.value for one in parse_stream(io.StringIO(text.removeprefix("\ufeff"))) if one.key in names}
    return next(((name, value.strip()) for name in names if (value := said.get(name)) and value.strip()), None)


def _parsed(
    chosen: ArchiveSet, url: str, origin: str, of_repository: bool, root: Path | None, environ: Mapping[str, str]
) -> Database:
    kind, separator, rest = url.partition("://")
    if kind == "sqlite" and separator:
        return _sqlite(chosen, rest, origin, of_repository, root)
    if kind in ("postgres", "postgresql", "postgresql+psycopg") and separator:
        return _postgres(f"postgresql://{rest}", origin, of_repository, environ)
    raise ConfigError(
        f"{origin} is no address of a database that s3sync knows",
        why="it begins with neither sqlite:// nor postgresql://",
        hint="write sqlite:///path/to/file.db, or postgresql://user:password@host:5432/name",
    )


def _sqlite(chosen: ArchiveSet, rest: str, origin: str, of_repository: bool, root: Path | None) -> Database:
    path = unquote(rest.partition("?")[0]).removeprefix("/")
    if not path or path == ":memory:":
        raise ConfigError(
            f"{origin} names no file", why="`sqlite:///` is followed by a path", hint="as sqlite:///cache/media.db"
        )
    place = Path(path).expanduser()
    if not place.is_absolute():
        place = (root or Path.home()) / place
    if (chosen.confined or of_repository) and (why := _why_not_there(place, root)) is not None:
        raise ConfigError(
            f"archives.{chosen.name} is not read",
            why=f"its database {place} {why}",
            hint="a set for another database belongs in your own settings file",
        )
    return Database(f"sqlite:///{place}", origin, of_repository, path=place)


def _why_not_there(place: Path, root: Path | None) -> str | None:
    """Reason why a repository may not have a file used as a database; None where it may."""
    real = Path(os.path.realpath(place))
    if root is None or not real.is_relative_to(root):
        return "lies outside of the repository"
    refusal = obeyed_refusal(real.relative_to(root).as_posix())
    return None if refusal is None else f"is none: {refusal.reason}"


def _postgres(url: str, origin: str, of_repository: bool, environ: Mapping[str, str]) -> Database:
    try:
        parts = urlsplit(url)
        said = {"host": parts.hostname, "port": str(parts.port) if parts.port else None}
        said |= {"user": parts.username, "password": parts.password, "dbname": parts.path.lstrip("/")}
        found = {name: unquote(value) for name, value in said.items() if value}
        more = {name: value for name, value in parse_qsl(parts.query) if name not in _OF_CLIENTS}
    except ValueError:
        raise ConfigError(
            f"{origin} is no address of PostgreSQL",
            why="its host or its port cannot be read; a password is written with %40 for @ and %2F for /",
            hint="write postgresql://user:password@host:5432/name",
        ) from None
    odd = next((name for name in more if name not in _HARMLESS | (frozenset() if of_repository else _OWN)), None)
    if odd is not None:
        whose = "a repository's address may not say that" if odd in _OWN else "s3sync does not know it"
        raise ConfigError(f"{origin} has {odd[:40]!r} in it", why=whose, hint="take it out of the address")
    if of_repository:
        if more.get("connect_timeout", "1") not in _PATIENCE:
            raise ConfigError(
                f"{origin} has a connect_timeout that is none of 1 to 60 s", hint="take it out of the address"
            )
        more = _no_weaker(more, environ)
    found |= more
    service = environ.get("PGSERVICE", "")
    if not service:
        usual = {name: environ.get(variable, "") for name, variable in _USUAL_OF_LIBPQ.items()}
        found = {name: value for name, value in usual.items() if value} | found
    shown = _shown(found, service)
    insists = found.get("sslmode") if not of_repository or "password" in found else None
    if not service and _may_be_overheard(found, insists, environ):
        found = {"require_auth": "!password", **found}
    return Database(shown, origin, of_repository, said=found)


def _may_be_overheard(said: Mapping[str, str], insists: str | None, environ: Mapping[str, str]) -> bool:
    """True if whoever is in between may take the protection from a line, and then ask for the password in clear.

    libpq gives it to any server that does (postgresql.org/docs/current/libpq-connect.html, `require_auth`). Words of
    the user about ways to log in count. `insists`: the address's `sslmode`, None where it protects no password of its
    own: a repository that names a host would get the user's there.
    """
    if "require_auth" in said or environ.get("PGREQUIREAUTH"):
        return False
    if (insists or environ.get("PGSSLMODE")) in _INSISTS:
        return False
    hosts = (said.get("host", "/"), environ.get("PGHOSTADDR") or "/")
    return not all(_LOCAL.fullmatch(one) for hosts_of in hosts for one in hosts_of.split(","))


def _no_weaker(said: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Words of a repository's address, of which none takes back what the user's environment says of protection."""
    found = dict(said)
    for name, (variable, levels) in _PROTECTION.items():
        own = environ.get(variable, "")
        if own and name in found:
            found[name] = max(own, found[name], key=levels.index) if {own, found[name]} <= set(levels) else own
    return found


def _shown(said: Mapping[str, str], service: str) -> str:
    """The address in one form, without a password. No part of it reads as another one: it is what is agreed to.

    `service`: of the user's environment, which says what the address leaves out; what this one says of protection
    counts before it.
    """
    part = {name: quote(value, safe=",:/" if name == "host" else ",") for name, value in said.items()}
    host = part.get("host", "")
    port = f":{part['port']}" if "port" in part else ""
    user = f"{part['user']}@" if "user" in part else ""
    place = f"[{host}]" if ":" in host and not host.startswith("/") else host
    more = {"sslmode": said.get("sslmode")} if said.get("sslmode") in ("disable", "allow") else {}
    if service:
        more |= {name: quote(said[name], safe="") for name in _PROTECTION if name in said}
        more |= {"service": quote(service, safe="")}
    asked = "&".join(f"{name}={value}" for name, value in more.items())
    return f"postgresql://{user}{place}{port}/{part.get('dbname', '')}" + (f"?{asked}" if asked else "")


def masked(text: str, database: Database) -> str:
    """A message of a driver without the password."""
    text = re.sub(r"://([^/\s:@]+):[^@\s]+@", r"://\1:****@", text)
    secret = database.password
    return text.replace(secret, "****") if secret and len(secret) > 2 else text

"""Credentials for S3: found as the AWS tools find it, without loading botocore where the keys simply stand there.

The order is botocore's (`botocore.credentials.create_credential_resolver`): a profile given explicitly; keys in the
environment; then the profile's role, web identity or SSO; its static keys; its process; container and instance roles.
Only static keys are read here. Everything else is left to botocore, which also renews what expires.
"""

from __future__ import annotations

import codecs
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from s3sync.config.secrets import hidden
from s3sync.errors import ConfigError, CredentialsError
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import PROXY_PASSWORD, SENSELESS
from s3sync.store.lanes.turns import Turns
from s3sync.store.s3.errors import HINTS
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.own_paths import CONFIG, CREDENTIALS, require_whole, whole_path
from s3sync.store.s3.processes import run_at_home

_RENEW = timedelta(minutes=10)
_HINT = HINTS[CredentialsError]
_CODE = re.compile(r"[A-Za-z]{1,64}")
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A profile with one of these is resolved by botocore even if static keys stand beside them.
_DYNAMIC = ("role_arn", "web_identity_token_file", "sso_session", "sso_start_url", "sso_account_id", "login_session")


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys to sign with. Never shown: not by repr, not in messages."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(value for value in (self.access_key, self.secret_key, self.token) if value)


class Profile:
    """Profile in use, from the shared config and credentials files."""

    def __init__(self, name: str | None, env: Mapping[str, str]) -> None:
        self.home = home = whole_path(Path(env.get("HOME") or env.get("USERPROFILE") or Path.home()), "HOME")
        self.name = name or env.get("AWS_PROFILE") or env.get("AWS_DEFAULT_PROFILE") or "default"
        self.named = self.name != "default"
        self.config_file = _path(env, CONFIG, Path(home, ".aws", "config"))
        self.credentials_file = _path(env, CREDENTIALS, Path(home, ".aws", "credentials"))
        config, credentials = _read(self.config_file), _read(self.credentials_file)
        sections = (self.name, f"profile {self.name}") if self.name == "default" else (f"profile {self.name}",)
        self.config = next((config[section] for section in sections if section in config), {})
        self.credentials = credentials.get(self.name, {})
        self._sections = _merged(config, credentials)
        self.exists = bool(self.config or self.credentials) or self.name in credentials

    def setting(self, name: str) -> str | None:
        return self.config.get(name) or self.credentials.get(name)

    def require_whole_paths(self, env: Mapping[str, str]) -> None:
        """Raise `ConfigError` where botocore, as this profile tells it, would read a file of the current folder."""
        require_whole(env, self.name, self._sections)

    def static_keys(self) -> Keys | None:
        if any(self.setting(name) for name in _DYNAMIC):
            return None
        keys = _keys(self.credentials, "aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        if keys or self.setting("credential_process"):
            return keys
        return _keys(self.config, "aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def _path(env: Mapping[str, str], variable: str, default: Path) -> Path:
    given = env.get(variable)
    return whole_path(Path(given).expanduser(), variable) if given else default


def _read(path: Path) -> dict[str, Mapping[str, str]]:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return {}
    except OSError:
        raise _unreadable(path) from None
    import configparser  # a start without such a file does not wait for it

    parser = configparser.RawConfigParser(strict=False, default_section="\0", allow_no_value=True)
    try:
        if content.startswith(_MARKS):
            why = "it begins with a byte order mark, which AWS's own tools refuse too"
            raise CredentialsError(f"could not read {path}", why=why, hint="save it as UTF-8 without BOM")
        parser.read_string(content.decode("utf-8"))
    except (ValueError, configparser.Error):  # its own message would quote the file's lines
        raise _unreadable(path) from None
    return {" ".join(name.split()): dict(parser[name]) for name in parser.sections()}


def _merged(
    config: Mapping[str, Mapping[str, str]], keys: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Profiles by name, with the settings of both files: the credentials file's count, as in botocore."""
    found: dict[str, dict[str, str]] = {}
    for section, settings in (*config.items(), *keys.items()):
        found.setdefault(section.removeprefix("profile "), {}).update(settings)
    return found


def _unreadable(path: Path) -> CredentialsError:
    return CredentialsError(f"could not read {path}", why="it is not an AWS configuration file", hint=_HINT)


def _keys(source: Mapping[str, str], access: str, secret: str, token: str) -> Keys | None:
    if source.get(access) and source.get(secret):
        return Keys(source[access], source[secret], source.get(token) or None)
    return None


class Credentials:
    """The keys of one store, found on first use. May be called from several threads.

    `secrets` holds what must not appear in messages; `failure` why the keys could not be renewed, if they could not.
    """

    def __init__(self, profile: str | None, env: Mapping[str, str]) -> None:
        self._explicit = profile is not None
        self._env = env
        self._lock, self._turns = threading.RLock(), Turns()
        self._given = profile
        self._profile: Profile | None = None
        self._static: Keys | None = None
        self._source: Any = None
        self._session: Any = None
        self.failure: CredentialsError | None = None
        self.secrets: tuple[str, ...] = ()

    @property
    def profile(self) -> Profile:
        with self._lock:
            if self._profile is None:
                self._profile = Profile(self._given, self._env)
            return self._profile

    def keys(self) -> Keys:
        """The keys to use now. Raises `CredentialsError`; may ask the network for anything but static keys."""
        with self._turns.turn(), self._lock:
            if self._static is None and self._source is None:
                self._find()
            keys = self._static or self._frozen()
            self.secrets = keys.secrets
            _require_sendable(keys)
            return keys

    def _frozen(self) -> Keys:
        try:
            frozen = self._source.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001 - a credential process or token endpoint may raise anything
            raise _unusable(error) from None
        given = (frozen.access_key, frozen.secret_key, frozen.token)
        if not all(isinstance(one, str) for one in given if one is not None):
            raise _not_keys("what was given as a key is no text")
        return Keys(*given)

    def expiry(self) -> datetime | None:
        """Time at which the keys end, as far as it is known; after the first call of `keys`."""
        told = getattr(self._source, "_expiry_time", None)  # what botocore itself renews by
        if self._static and self._static.token:
            try:
                told = datetime.fromisoformat(self._env.get("AWS_CREDENTIAL_EXPIRATION", ""))
            except ValueError:
                return None
        if not isinstance(told, datetime):
            return None
        return told if told.tzinfo else told.replace(tzinfo=UTC)

    @property
    def are_static(self) -> bool:
        """True if `keys` always gives the same ones. True or False only after the first call of `keys`."""
        return self._static is not None

    @property
    def session(self) -> Any:
        """The botocore session for everything that is not static; reads the same files and profile."""
        with self._lock:
            if self._session is None:
                self.profile.require_whole_paths(self._env)
                import botocore.session

                from s3sync.store.s3.connections import bound_tokens
                from s3sync.store.s3.models import read_quickly

                # A profile given to the session overrides keys in the environment, one that botocore finds does not.
                given = self._explicit or os.environ.get("AWS_PROFILE") != self.profile.name
                session = botocore.session.Session(profile=self.profile.name if self.profile.named and given else None)
                session.set_config_variable("config_file", str(self.profile.config_file))
                session.set_config_variable("credentials_file", str(self.profile.credentials_file))
                # AWS's other programs ask that region's STS. botocore itself passes it over.
                if region := self._env.get("AWS_REGION"):
                    session.set_config_variable("region", region)
                read_quickly(session)
                bound_tokens(session)
                self._session = session
            return self._session

    def _find(self) -> None:
        env_keys = _keys(self._env, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        if self.profile.named and not self.profile.exists:
            where = f"{self.profile.config_file} or {self.profile.credentials_file}"
            raise CredentialsError(
                f"there is no AWS profile {hidden(self.profile.name)}", why=f"not in {where}", hint=_HINT
            )
        if env_keys and not self._explicit:
            self._static = env_keys
        elif not self._env.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
            self._static = self.profile.static_keys()
        if self._static is None:
            self._source = self._ask_botocore()

    def _ask_botocore(self) -> Any:
        try:
            from s3sync.store.s3.connections import bound_computers_own

            run_at_home(self.session, self.profile.home)
            bound_computers_own(self.session)
            found = self.session.get_credentials()
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - a credential process or token endpoint may raise anything
            raise _unusable(error) from None
        if found is None:
            hint = f"{_HINT}; docs/s3-from-zero.md shows how to get some"
            raise CredentialsError("there are no credentials for the bucket", why="none were found", hint=hint)
        return found

    def for_obstore(self) -> dict[str, Any]:
        """obstore's credential provider. obstore keeps the answer until shortly before `expires_at`."""
        try:
            keys = self.keys()
        except CredentialsError as error:
            self.failure = error
            raise
        expires = None if self._static else datetime.now(UTC) + _RENEW
        return {
            "access_key_id": keys.access_key,
            "secret_access_key": keys.secret_key,
            "token": keys.token,
            "expires_at": expires,
        }


def _require_sendable(keys: Keys) -> None:
    """Raise `CredentialsError` for what fits no header of a request: obstore would panic, and botocore try again."""
    if any(ord(one) < ord(" ") or one == "\x7f" for one in keys.access_key + (keys.token or "")):
        raise _not_keys("a key or its session token has control characters")


def _not_keys(why: str) -> CredentialsError:
    return CredentialsError("could not get credentials", why=why, hint=_HINT)


def _unusable(error: Exception) -> CredentialsError:
    if isinstance(error, RequestFailed):
        return CredentialsError("could not get credentials", why="the answer of AWS does not end", hint=_HINT)
    if isinstance(error, SENSELESS):
        return _not_keys("what a server or a program gave in place of keys makes no sense")
    failure = from_botocore(error)
    if failure.cause == "answer" and failure is not PROXY_PASSWORD:
        # Not its message, in which a server may throw back what it was sent.
        why = f"AWS answered {failure.code if _CODE.fullmatch(failure.code) else failure.status}"
    else:  # a program that gives credentials may print them when it fails, and botocore repeats what it printed
        why = hidden(failure.message)
    return CredentialsError("could not get credentials", why=why, hint=_HINT)

"""Credentials for requests to Google: the user's own key or login, as `google-auth` reads it.

In this order: `credentials_env` and `credentials_path` of the user's own settings, `GOOGLE_APPLICATION_CREDENTIALS`,
the login of `gcloud auth application-default login`, and on a machine of Google's its service account.
Source: https://cloud.google.com/docs/authentication/application-default-credentials
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from s3sync.config.secrets import hidden
from s3sync.config.signing import google_login_file
from s3sync.disk.whole_paths import require_whole
from s3sync.errors import CredentialsError, S3syncError, StoreError
from s3sync.store.lanes.failures import SENSELESS
from s3sync.store.lanes.turns import Turns
from s3sync.store.options import StoreOptions
from s3sync.store.own_credential import LARGEST, own_credential

SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_LOGIN = "gcloud auth application-default login"
_WHICH = "`s3sync doctor` says which credential signs"
_SENDABLE = re.compile(r"[!-~]+")
_HINT = f"run `{_LOGIN}`, or name a service account's key: s3sync config set credentials_path FILE"


def require_library() -> None:
    """Raise `StoreError` where the extra `gcs` is not installed."""
    missing = [name for name in ("google.auth", "google_crc32c", "requests") if not _is_there(name)]
    if missing:
        raise StoreError(
            "stores on Google Cloud need a library that is not installed",
            why=f"there is no {missing[0]}",
            hint="pip install 's3sync-collab[gcs]'",
        )


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


class Credentials:
    """Tokens of one identity, shared by all threads. `anonymous`: none is sent, and none is looked for.

    `failure` is what was wrong the last time a token was asked for.
    """

    def __init__(self, options: StoreOptions, *, anonymous: bool) -> None:
        self.anonymous = anonymous
        self.failure: S3syncError | None = None
        self.origin = "nothing"
        self._options = options
        self._found: Any = None
        self._lock, self._turns = threading.Lock(), Turns()

    def found(self) -> Any:
        """The `google.auth` credentials. Raises `CredentialsError`."""
        with self._lock:
            return self._find()

    def token(self, request: Callable[[], Any]) -> str | None:
        """A token that is valid for some minutes more; None where requests go unsigned.

        `request` makes the transport by which it is renewed. Raises `CredentialsError`, and what `google.auth` raises
        where the server of tokens cannot be reached.
        """
        if self.anonymous:
            return None
        with self._turns.turn(), self._lock:
            try:
                found = self._find()
                if not found.valid:
                    self._renew(found, request())
                token = str(found.token)
                if not _SENDABLE.fullmatch(token):
                    self._found = None  # else it would be taken for a good one until its end
                    raise _senseless()
                self.failure = None
                return token
            except S3syncError as error:
                self.failure = error
                raise

    def _renew(self, found: Any, request: Any) -> None:
        from google.auth.exceptions import GoogleAuthError, TransportError

        try:
            found.refresh(request)
        except TransportError:
            raise
        except GoogleAuthError:  # what it says may quote the answer, and with it the key
            why, hint = _refused(found)
            raise CredentialsError(f"Google refuses the credentials of {self.origin}", why=why, hint=hint) from None
        except SENSELESS:
            raise _senseless() from None

    def for_obstore(self, request: Callable[[], Any]) -> dict[str, Any]:
        """The token with its end, as obstore wants it."""
        token = self.token(request)
        expiry = getattr(self._found, "expiry", None)
        return {"token": token or "", "expires_at": expiry.replace(tzinfo=UTC) if expiry else None}

    def expiry(self) -> datetime | None:
        """None: what a key signs holds until its own end."""
        return None

    def _find(self) -> Any:
        if self._found is None:
            self._found, self.origin = _find(self._options)
        return self._found


def _find(options: StoreOptions) -> tuple[Any, str]:
    own = own_credential(options)
    if own is not None:
        return _loaded(own.text, own.origin), own.origin
    named = options.env.get(VARIABLE, "").strip()
    if named:
        if not Path(named).is_absolute():
            why = "it is not the whole path of a file, and in another folder it would name another one"
            raise CredentialsError(f"cannot use {VARIABLE}", why=why, hint="write the path from the root")
        return _loaded(_read(Path(named)), f"{VARIABLE} ({named})"), VARIABLE
    require_whole(("CLOUDSDK_CONFIG",), options.env)
    login = google_login_file(options.env)
    if login.is_file():
        return _loaded(_read(login), str(login)), "the application default login of gcloud"
    on_google = _machine()
    if on_google is not None:
        return on_google, "this machine's service account"
    raise CredentialsError("no credentials for Google Cloud Storage", why="nobody is signed in", hint=_HINT)


def _senseless() -> CredentialsError:
    why = "what the server of tokens answered makes no sense"
    return CredentialsError("no token for Google Cloud Storage", why=why, hint=f"run the command again; {_WHICH}")


def _refused(found: Any) -> tuple[str, str]:
    """Why Google refuses such credentials, and what to do."""
    account = getattr(found, "service_account_email", None)
    if account is not None and hasattr(found, "signer_email"):
        why = f"the key of the service account {hidden(str(account))[:200]} was deleted, or the account was"
        return why, f"make a new key and name it: s3sync config set credentials_path FILE; {_WHICH}"
    if getattr(found, "refresh_token", None):
        return "the login has ended, or was revoked", f"sign in again: `{_LOGIN}`; {_WHICH}"
    return "the key or the login is refused", f"{_HINT}; {_WHICH}"


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise CredentialsError(f"cannot read the credentials in {path}", why=why, hint=_HINT) from None


def _loaded(text: str, origin: str) -> Any:
    from google.auth.exceptions import GoogleAuthError

    try:
        told = json.loads(text)
        found = _of_kind(told) if isinstance(told, dict) else None
    except (ValueError, RecursionError, GoogleAuthError, KeyError, TypeError, AttributeError):
        found = None  # what the library says may quote the key
    if found is None:
        raise CredentialsError(
            f"cannot use the credentials of {origin}",
            why="it is not the JSON of a service account's key, or of a login of gcloud",
            hint=_HINT,
        )
    return found


def _of_kind(told: dict[str, Any]) -> Any:
    """Credentials of a kind that starts no program; None for another."""
    kind = told.get("type")
    if kind == "service_account":
        from google.oauth2 import service_account

        return service_account.Credentials.from_service_account_info(told, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    if kind == "authorized_user":
        from google.oauth2 import credentials

        return credentials.Credentials.from_authorized_user_info(told, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    if kind == "impersonated_service_account":
        from google.auth import impersonated_credentials

        return impersonated_credentials.Credentials.from_impersonated_service_account_info(told, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    source = told.get("credential_source")
    if kind == "external_account" and isinstance(source, dict) and ("file" in source or "url" in source):
        from google.auth import identity_pool

        return identity_pool.Credentials.from_info(told, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    return None


def _machine() -> Any:
    """The service account of a machine of Google's; None elsewhere, without asking the network."""
    from google.auth import compute_engine
    from google.auth.compute_engine import _metadata

    return compute_engine.Credentials() if _metadata.detect_gce_residency_linux() else None  # type: ignore[no-untyped-call]

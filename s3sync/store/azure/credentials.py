"""Credentials for a storage account, from the user's own environment or his own login, and from nowhere else.

The first that is there counts: the credential that the user's settings name, a connection string, an account key, a
shared access signature (SAS), then a login (azure-identity where it is installed, else the Azure CLI). What says which
account it is of is never used for another.
"""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from s3sync.errors import CredentialsError
from s3sync.store.azure.address import Address, find_address
from s3sync.store.azure.errors import HINTS
from s3sync.store.azure.login import Token, find_login
from s3sync.store.lanes.turns import Turns
from s3sync.store.options import StoreOptions
from s3sync.store.own_credential import own_credential

KEY, SAS, CONNECTION = "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING"
ACCOUNT = "AZURE_STORAGE_ACCOUNT"
_RENEW_S = 300
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# https://learn.microsoft.com/azure/storage/common/storage-use-azurite#well-known-storage-account-and-key
_DEVELOPMENT = {
    "accountname": "devstoreaccount1",
    "accountkey": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    "blobendpoint": "http://127.0.0.1:10000/devstoreaccount1",
}


class Signer(Struct, frozen=True):
    """Means to sign: exactly one of an account's key, a SAS without its `?`, and a login that gives tokens.

    `origin` says where it is from, in words.
    """

    key: str | None = None
    sas: str | None = None
    login: Any = None
    origin: str = ""

    def __repr__(self) -> str:
        return f"Signer({self.words})"

    @property
    def words(self) -> str:
        if self.login is not None:
            return "a login"
        return "an account key" if self.key else "a shared access signature"


class Credentials:
    """Finder of what signs the requests to one account, found on first use. May be called from several threads."""

    def __init__(self, account: str, options: StoreOptions) -> None:
        self.account, self._env, self._options = account, options.env, options
        self._lock, self._turns = threading.RLock(), Turns()
        self._signer: Signer | None = None
        self._token: Token | None = None
        self.secrets: tuple[str, ...] = ()
        self.failure: CredentialsError | None = None
        """Reason why a login gave no token, when it was asked last."""

    @property
    def endpoint(self) -> str | None:
        """The blob endpoint that the user's own connection string names for this account."""
        values = self._connection()
        return values.get("blobendpoint") if values.get("accountname") == self.account else None

    @property
    def in_use(self) -> Signer | None:
        """Signer of the requests so far; None as long as nothing was signed."""
        return self._signer

    def signer(self) -> Signer:
        """Find what signs. Raises `CredentialsError`."""
        with self._lock:
            if self._signer is None:
                found = self._find()
                if found.sas:
                    self._require_azure()
                self._signer = found
                self.secrets = tuple(filter(None, (self._signer.key, self._signer.sas)))
            return self._signer

    def require(self) -> None:
        """Raise `CredentialsError` where nothing signs, or a login gives no token."""
        if self.signer().login is not None:
            self.token()

    def token(self) -> Token:
        """A token of the login that is good for some minutes. Raises `CredentialsError`."""
        with self._turns.turn(), self._lock:
            if self._token is None or self._token.expires - time.time() < _RENEW_S:
                try:
                    self._token = self.signer().login()
                except CredentialsError as error:  # obstore, which asks for it later, would not say why
                    self.failure = error
                    raise
                self.failure = None
                self.secrets = (self._token.value,)
            return self._token

    def for_obstore(self) -> dict[str, Any]:
        """The credentials in obstore's form (`obstore.store.AzureCredential`)."""
        signer = self.signer()
        if signer.login is not None:
            token = self.token()
            return {"token": token.value, "expires_at": datetime.fromtimestamp(token.expires - _RENEW_S, UTC)}
        if signer.key:
            return {"access_key": signer.key, "expires_at": None}
        return {"sas_token": signer.sas, "expires_at": None}

    def for_sdk(self) -> Any:
        """The credentials in the form that azure-storage-blob takes."""
        signer = self.signer()
        if signer.login is not None:
            return _Logged(self)
        return {"account_name": self.account, "account_key": signer.key} if signer.key else signer.sas

    def _address(self) -> Address:
        return find_address(self.account, "", self._options.endpoint_url or self.endpoint)

    def _require_azure(self) -> None:
        """Raise `CredentialsError` where a SAS would be shown to a server that a repository may have named.

        It goes along with each request, and is all that its next bearer needs. The user's own connection string may
        name another server, and a server on this computer is one for trying.
        """
        address = self._address()
        own = self.endpoint is not None and find_address(self.account, "", self.endpoint).base == address.base
        if not (address.takes_tokens or own or address.is_loopback):
            raise CredentialsError(
                f"a signature (SAS) is not shown to {address.shown}",
                why="it is the secret itself, and that server is not Azure's over https",
                hint=f"set {KEY} for that server, which is never sent, or name it in {CONNECTION} (BlobEndpoint=...)",
            )

    def _find(self) -> Signer:
        own = own_credential(self._options)
        if own is not None and "accountname=" not in own.text.lower():  # a connection string is read below
            if "sig=" in own.text:
                return Signer(sas=own.text.lstrip("?"), origin=own.origin)
            return Signer(key=_checked(own.text, own.origin), origin=own.origin)
        values = self._connection()
        source = own.origin if own is not None else CONNECTION
        if values:
            named = values.get("accountname")
            if named and named != self.account:
                raise self._of_another("your connection string", named)
            if values.get("accountkey"):
                return Signer(key=_checked(values["accountkey"], source), origin=source)
            if values.get("sharedaccesssignature"):
                return Signer(sas=values["sharedaccesssignature"].lstrip("?"), origin=source)
            raise CredentialsError(f"{CONNECTION} has neither a key nor a signature", hint=HINTS[CredentialsError])
        if own is None and self._env.get(CONNECTION, "").strip():
            raise CredentialsError(
                f"{CONNECTION} holds no connection string",
                why="one is a row of fields, AccountName=...;AccountKey=..., as the portal shows it under Access keys",
                hint=f"copy it again and whole, or unset {CONNECTION}",
            )
        if self._env.get(KEY) or self._env.get(SAS):
            named, variable = self._env.get(ACCOUNT), KEY if self._env.get(KEY) else SAS
            if named and named != self.account:
                raise self._of_another(variable, named)
            key = self._env.get(KEY)
            if key:
                return Signer(key=_checked(key, KEY), origin=KEY)
            return Signer(sas=self._env[SAS].lstrip("?"), origin=SAS)
        address = self._address()
        if not address.takes_tokens:
            raise CredentialsError(
                f"nothing signs the requests to {address.shown}",
                why="a login is shown to Azure alone: its token opens all that you may open, at whoever it is shown to",
                hint=f"set {KEY} or {SAS} for that server",
            )
        return Signer(login=find_login(self._env))

    def _of_another(self, variable: str, named: str) -> CredentialsError:
        return CredentialsError(
            f"{variable} is not for the account {self.account}",
            why=f"your environment says that it is of the account {named[:40]!r}, and it is sent to no other",
            hint=f"set the credentials of {self.account}, or name the other account in the store's address",
        )

    def _connection(self) -> dict[str, str]:
        """Fields of the user's connection string by name in small letters; none without one."""
        own = own_credential(self._options)
        text = own.text if own is not None else self._env.get(CONNECTION, "").strip()
        if not text or "=" not in text.partition(";")[0]:
            return {}
        pairs = [part.partition("=") for part in text.split(";") if part.strip()]
        values = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if values.get("usedevelopmentstorage", "").lower() == "true":
            return _DEVELOPMENT
        return values


def _checked(key: str, variable: str) -> str:
    if not _BASE64.fullmatch(key) or len(key) % 4:
        raise CredentialsError(
            f"{variable} holds no account key",
            why="a key is base64, as the portal shows it under Access keys",
            hint="copy it again, or set AZURE_STORAGE_SAS_TOKEN for a shared access signature",
        )
    return key


class _Logged:
    """A login as azure-core takes it (`azure.core.credentials.TokenCredential`)."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def get_token(self, *scopes: str, **_: Any) -> Any:
        from azure.core.credentials import AccessToken

        token = self._credentials.token()
        return AccessToken(token.value, int(token.expires))

"""Words for what signs the requests to a store, and where that is from, for `config show` and `doctor`: never a secret.

The order is that of whoever signs (`store/azure/credentials.py`, `store/gcs/credentials.py`), and a test holds both to
each other. Nothing is asked here: neither a server, nor a program, nor a vendor's library.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from s3sync.config.schemes import name_of_scheme, remote_of, scheme_of
from s3sync.disk.programs import program

if TYPE_CHECKING:
    from s3sync.config.settings import Settings

Signed = tuple[str, str]
"""Words for a credential, and for its origin."""
_TIME = re.compile(r"[0-9TZ:.+-]{10,32}")


def signing(settings: Settings) -> Signed | None:
    """Find what signs requests to a store of another kind than S3; None for S3, and for a folder."""
    kind = name_of_scheme(settings.store)
    if kind == "rclone":
        return f"those of your rclone remote {remote_of(settings.store)[0]}", "rclone's configuration"
    if kind not in _BY_KIND:
        return None
    if kind == "gs" and not scheme_of(settings.store).takes_tokens(settings.endpoint_url):
        return "none: a token is sent to Google's own servers alone", _of_endpoint(settings)
    return _own(settings) or _BY_KIND[kind](settings)


def _own(settings: Settings) -> Signed | None:
    """Name what the user's own settings name; the file is not opened but looked at."""
    if settings.credentials_env is not None:
        lacks = "" if settings.env.get(settings.credentials_env, "").strip() else ", which is not set"
        return f"the environment variable {settings.credentials_env}{lacks}", _origin(settings, "credentials_env")
    if settings.credentials_path is not None:
        path = Path(settings.credentials_path).expanduser()
        return f"the file {path}{_lacks(path)}", _origin(settings, "credentials_path")
    return None


def _azure(settings: Settings) -> Signed:
    env = settings.env
    if env.get("AZURE_STORAGE_CONNECTION_STRING", "").strip():
        return "a connection string", "environment AZURE_STORAGE_CONNECTION_STRING"
    if env.get("AZURE_STORAGE_KEY"):
        return "an account key", "environment AZURE_STORAGE_KEY"
    if env.get("AZURE_STORAGE_SAS_TOKEN"):
        ends = sas_end(env["AZURE_STORAGE_SAS_TOKEN"])
        told = f"a shared access signature{f', until {ends}' if ends else ''}"
        return told, "environment AZURE_STORAGE_SAS_TOKEN"
    if not scheme_of(settings.store).takes_tokens(settings.endpoint_url):
        return "none: a login is shown to Azure's own servers alone", _of_endpoint(settings)
    if _is_there("azure.identity"):
        return "a login, by azure-identity", "default"
    if program("az") is not None:
        return "the login of the Azure CLI (az login)", "default"
    return "none: no key and no signature in the environment, and no Azure CLI", "default"


def _google(settings: Settings) -> Signed:
    env = settings.env
    if named := env.get("GOOGLE_APPLICATION_CREDENTIALS", "").strip():
        return f"the file {named}{_lacks(Path(named))}", "environment GOOGLE_APPLICATION_CREDENTIALS"
    login = google_login_file(env)
    if login.is_file():
        lacks = "" if login.is_absolute() else ", which is not a whole path"
        return f"the application default login of gcloud{lacks}", str(login)
    return "none here, but on a machine of Google's its service account", "default"


def google_login_file(env: Mapping[str, str]) -> Path:
    """https://cloud.google.com/docs/authentication/application-default-credentials#personal"""
    if env.get("CLOUDSDK_CONFIG"):
        folder = Path(env["CLOUDSDK_CONFIG"])
    elif os.name == "nt":
        folder = Path(env.get("APPDATA", "")) / "gcloud"
    else:
        folder = Path(env.get("HOME") or Path.home()) / ".config" / "gcloud"
    return folder / "application_default_credentials.json"


def sas_end(sas: str) -> str | None:
    """End of a shared access signature as it says itself, which is no secret; None where it says none.

    Source: https://learn.microsoft.com/rest/api/storageservices/create-service-sas
    """
    told = parse_qs(sas.lstrip("?")).get("se", [""])[0]
    return told if _TIME.fullmatch(told) else None


def _lacks(path: Path) -> str:
    if not path.is_absolute():
        return ", which is not a whole path"
    if not path.exists():
        return ", which is not there"
    return "" if path.is_file() and os.access(path, os.R_OK) else ", which cannot be read"


def _origin(settings: Settings, name: str) -> str:
    return settings.origins.get(name, "default")


def _of_endpoint(settings: Settings) -> str:
    return f"endpoint_url of {_origin(settings, 'endpoint_url')}"


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


_BY_KIND = {"az": _azure, "gs": _google}

"""Azurite, Microsoft's own emulator of Azure Blob Storage, on 127.0.0.1. It is a program for node.

`scripts/test` installs it into `.servers/azurite`. Each server has an account of its own name and key, and the
container `shared`. What it lacks: users with fewer rights but by signatures,
and the hours that an archived blob takes to thaw.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from tests.kit.servers import ProcessServer, ServerFailed, free_ports

PROGRAM = Path(__file__).parents[2] / ".servers/azurite/node_modules/azurite/dist/src/blob/main.js"
CONTAINER = "shared"


def lacking() -> str | None:
    """What keeps Azurite from being started here; None when nothing does."""
    if shutil.which("node") is None:
        return "Azurite needs node, which is not installed"
    return None if PROGRAM.exists() else "Azurite is not installed: scripts/test does that where there is npm"


class Azurite(ProcessServer):
    """One account with one container."""

    name = "azurite"
    has_rights = False

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__(directory)
        self.account = f"test{secrets.token_hex(6)}"
        self.key = base64.b64encode(secrets.token_bytes(64)).decode("ascii")
        self.bucket = CONTAINER

    @property
    def address(self) -> str:
        """Address of the account as the program's connection strings have it."""
        return f"{self.endpoint_url}/{self.account}"

    @property
    def url(self) -> str:
        """The container as a store's address."""
        return f"az://{self.account}/{self.bucket}"

    def _command(self, work: Path, data: Path) -> tuple[list[str], dict[str, str]]:
        node, lacks = shutil.which("node"), lacking()
        if node is None or lacks is not None:
            raise ServerFailed(str(lacks))
        (port,) = free_ports(1)
        self.endpoint_url = f"http://127.0.0.1:{port}"
        argv = [node, os.fspath(PROGRAM), "--silent", "--location", os.fspath(data), "--blobHost", "127.0.0.1"]
        argv += ["--blobPort", str(port), "--disableTelemetry", "--skipApiVersionCheck"]
        return argv, {"AZURITE_ACCOUNTS": f"{self.account}:{self.key}"}

    def service(self) -> Any:
        """A client of the library, signed with the account's key."""
        from azure.storage.blob import BlobServiceClient

        credential = {"account_name": self.account, "account_key": self.key}
        return BlobServiceClient(self.address, credential=credential, retry_total=0)

    def container(self) -> Any:
        return self.service().get_container_client(self.bucket)

    def environment(self, user: str = "david") -> dict[str, str]:
        """What a program needs in its environment; everybody has the account's key."""
        return {"AZURE_STORAGE_CONNECTION_STRING": self.connection_string}

    @property
    def connection_string(self) -> str:
        fields = {"DefaultEndpointsProtocol": "http", "AccountName": self.account, "AccountKey": self.key}
        return ";".join(f"{name}={value}" for name, value in {**fields, "BlobEndpoint": self.address}.items())

    def _prepare(self) -> None:
        from azure.core.exceptions import AzureError, ResourceExistsError

        try:
            self.service().create_container(self.bucket)
        except ResourceExistsError:
            pass
        except AzureError as error:
            raise OSError(str(error)) from None

    def _round_trip(self) -> None:
        blob = self.container().get_blob_client("ready")
        blob.upload_blob(b"ready", overwrite=True)
        assert blob.download_blob().readall() == b"ready"
        blob.delete_blob()

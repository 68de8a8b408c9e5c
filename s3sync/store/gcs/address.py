"""Address of a bucket: the server that is asked for it."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from s3sync.config.schemes import SCHEMES
from s3sync.errors import ConfigError
from s3sync.store.options import StoreOptions

GOOGLE = "https://storage.googleapis.com"


class Address(Struct, frozen=True):
    """A bucket at a server. `base` is the server's address without a path at the end."""

    bucket: str
    base: str

    @property
    def is_google(self) -> bool:
        """True if the server is Google's own, by its name and encrypted: nobody else is ever sent a token.

        A token opens all buckets of whoever it is of, at any server, so an emulator gets requests without one.
        """
        return SCHEMES["gs"].takes_tokens(self.base)

    @property
    def encrypted(self) -> bool:
        return self.base.startswith("https://")

    @staticmethod
    def authorities(named: str) -> Path:
        """The file of authorities that the user's own settings name. Raises `ConfigError`."""
        path = Path(named).expanduser()
        if not path.is_absolute() or not path.is_file():
            raise ConfigError(
                f"the setting ca_bundle names {path}, which cannot be used",
                why="it is not the whole path of a file",
                hint="correct it, or unset it to trust the system's authorities",
            )
        return path


def find_address(bucket: str, options: StoreOptions) -> Address:
    """Google's server, or the one that `endpoint_url` names. AWS_* variables name none of Google's."""
    return Address(bucket, (options.endpoint_url or GOOGLE).rstrip("/"))

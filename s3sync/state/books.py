"""Books in this user's data folder: small files of what his computer found out about servers, for all projects.

What they say spares a question and is worth nothing: whatever is odd about one counts as an empty one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from msgspec import DecodeError, Struct, ValidationError, json

from s3sync.config.locate import user_data_folder
from s3sync.decoding import ready
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import own_folder

FOLDER = "stores"
MOST_BYTES = 1 << 18
BookT = TypeVar("BookT", bound=Struct)


def read_book(environ: Mapping[str, str], file: str, kind: type[BookT]) -> BookT | None:
    """Content of a book; None if there is none, or none that can be understood."""
    try:
        with GuardedFolder.open(os.path.realpath(_folder(environ))) as folder:
            return json.decode(folder.read(file, MOST_BYTES), type=ready(kind))
    except (OSError, ValidationError, DecodeError, UnicodeDecodeError, RecursionError):
        return None


def write_book(environ: Mapping[str, str], file: str, book: Struct, *, create: bool = True) -> None:
    """Put a book in place of the former one, if it can be written. Without `create` only where there is a folder."""
    with suppress(OSError), own_folder(user_data_folder(environ), FOLDER, create=create) as folder:
        folder.write(file, json.format(json.encode(book)))


def _folder(environ: Mapping[str, str]) -> Path:
    return user_data_folder(environ) / FOLDER

"""The format as it was published: what these vectors say holds for every later version.

`vectors.json` has the secret, and for each case the object's key in the store (with `archive` in that of a set of
archives, else in the repository's), the plaintext (its text, or how often a
byte is repeated), and the sealed bytes: in hex, or their SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.sealed import OfArchives, sphere_of
from s3sync.store.sealed.bodies import SealedBody, sealed_pieces
from s3sync.store.sealed.keys import RepositoryKey

VECTORS: Any = json.loads((Path(__file__).parent / "vectors.json").read_text())
unseal = runpy.run_path(str(Path(__file__).parents[3] / "scripts" / "unseal.py"))["unseal"]


def plain(case: Any) -> bytes:
    return bytes(case["text"].encode()) if "text" in case else bytes([case["byte"]]) * case["times"]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: str(case["name"]))
def test_vectors(case: Any) -> None:
    key, secret = RepositoryKey(bytes.fromhex(VECTORS["secret"])), bytes.fromhex(VECTORS["secret"])
    assert key.id.hex() == VECTORS["key_id"]
    is_archive, repo = case.get("archive", False), VECTORS["repo"]
    sphere = OfArchives(repo).sphere_of(case["key"]) if is_archive else sphere_of(repo, case["key"])
    assert sphere is not None
    body = SealedBody(key.id, key.sphere(sphere), plain(case))
    sealed = b"".join(bytes(piece) for piece in sealed_pieces(body))
    assert hashlib.sha256(sealed).hexdigest() == case["sha256"]
    assert "hex" not in case or sealed.hex() == case["hex"]
    assert unseal(secret, repo, case["key"], sealed, archive=is_archive) == plain(case)

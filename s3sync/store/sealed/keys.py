"""Keys of a repository: from one secret of 32 bytes those of each project and record, and of each block.

Sources: HKDF, RFC 5869; HMAC, RFC 2104; the layout is in docs/encryption.md.
"""

from __future__ import annotations

import hashlib
import hmac
import threading

from s3sync.core.sealed import KEY_ID_BYTES, Sphere

SECRET_BYTES = 32
_SHA = hashlib.sha256
_MOST_SPHERES = 4096


def _expand(secret: bytes, info: bytes) -> bytes:
    """HKDF-Expand to 32 bytes: one block of the hash. `secret` is uniform already, so nothing is extracted."""
    return hmac.digest(secret, info + b"\x01", "sha256")


def _extract(secret: bytes) -> bytes:
    return hmac.digest(b"s3sync sealed 1", secret, "sha256")


class SphereKeys:
    """Keys of one sphere: one that names blocks by their content, and one from which theirs are made."""

    __slots__ = ("_part_key", "_part_mac", "bound")

    def __init__(self, secret: bytes, sphere: Sphere) -> None:
        name = sphere.name()
        root = _expand(secret, b"sphere\0" + name)
        self._part_mac, self._part_key = _expand(root, b"part id"), _expand(root, b"part key")
        self.bound = _SHA(name).digest()
        """What every segment is bound to, besides its header and place."""

    def part_id(self, block: bytes | memoryview) -> bytes:
        """HMAC-SHA-256 of a block's plaintext: equal only for equal blocks, and telling nobody else what they are."""
        return hmac.digest(self._part_mac, block, "sha256")

    def part_key(self, part_id: bytes) -> bytes:
        """The block's own key. As it follows from the plaintext, no key is used for two of them."""
        return _expand(self._part_key, b"part\0" + part_id)


class RepositoryKey:
    """The secret of a repository. `id` names it and tells nothing of it."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a key has {SECRET_BYTES} bytes")
        self.secret, self._prk = secret, _extract(secret)
        self.id = _expand(self._prk, b"key id")[:KEY_ID_BYTES]
        self._spheres: dict[Sphere, SphereKeys] = {}
        self._lock = threading.Lock()

    def sphere(self, sphere: Sphere) -> SphereKeys:
        """Keys of a sphere, made once."""
        with self._lock:
            found = self._spheres.get(sphere)
            if found is None:
                if len(self._spheres) >= _MOST_SPHERES:
                    self._spheres.clear()
                found = self._spheres[sphere] = SphereKeys(self._prk, sphere)
            return found

    def __repr__(self) -> str:
        return f"RepositoryKey({self.id.hex()})"

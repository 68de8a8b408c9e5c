"""metadata.json as a whole, where tests look at it."""

from __future__ import annotations

from s3sync.core.manifest.record import Manifest, render


def text_of(manifest: Manifest) -> bytes:
    return b"".join(render(manifest))

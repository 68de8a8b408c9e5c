#!/usr/bin/env python3
"""A second decoder of the sealed format, by docs/encryption.md alone: it shares no code with s3sync.

    scripts/unseal.py KEYFILE STORE_KEY SEALED_FILE > PLAINTEXT
    scripts/unseal.py KEYFILE --archive STORE_KEY SEALED_FILE > PLAINTEXT

KEYFILE is what `s3sync keys export` wrote, STORE_KEY the object's key in the store (repo/project/path), and SEALED_FILE
its bytes as they were fetched with any S3 client. Of an archive, its index, or whatever lies in the store of an archive
set, STORE_KEY is the key below that store, without its prefix. Needs Python 3.11 and `cryptography`.
"""

import base64
import hashlib
import hmac
import sys
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

SEGMENT, PER_BLOCK, TAG = 65536, 16, 16


def expand(key: bytes, info: bytes) -> bytes:
    return HKDFExpand(SHA256(), 32, info).derive(key)


def name_of_sphere(store_key: str, repo: str, *, archive: bool) -> bytes:
    """Who the keys are for, by the object's key in the store."""
    if archive:
        return "\0".join(["s3sync sealed 1", "archive", repo, "", store_key]).encode()
    rest = store_key.removeprefix(repo + "/")
    project, _, path = rest.partition("/")
    kind, record = "files", ""
    if project == ".s3sync":
        of, _, rest = path.partition("/")
        project, _, name = rest.partition("/")
        if of != "trash":
            kind, record = "record", f".s3sync/{of}/{name}"
    elif path.startswith(".s3sync/"):
        kind, record = "record", path if path.count("/") > 1 else ".s3sync/"
    elif path == "metadata.json":
        kind, record = "record", path
    return "\0".join(["s3sync sealed 1", kind, repo, project, record]).encode()


def unseal(secret: bytes, repo: str, store_key: str, sealed: bytes, *, archive: bool = False) -> bytes:
    name = name_of_sphere(store_key, repo, archive=archive)
    master = hmac.new(b"s3sync sealed 1", secret, hashlib.sha256).digest()
    key_id = expand(master, b"key id")[:12]
    sphere = expand(master, b"sphere\0" + name)
    mac_key, part_key = expand(sphere, b"part id"), expand(sphere, b"part key")
    out, at = [], 0
    while at < len(sealed):
        header, at = sealed[at : at + 48], at + 48
        if header[:4] != b"s3c\x01" or header[4:16] != key_id:
            raise SystemExit("no block of this key begins here")
        part_id = header[16:48]
        cipher = AESGCM(expand(part_key, b"part\0" + part_id))
        body = sealed[at : at + PER_BLOCK * (SEGMENT + TAG)]
        at += len(body)
        segments = [body[n : n + SEGMENT + TAG] for n in range(0, len(body), SEGMENT + TAG)]
        block = b""
        for number, segment in enumerate(segments):
            last = number == len(segments) - 1
            nonce = bytes(7) + number.to_bytes(4, "big") + bytes([last])
            block += cipher.decrypt(nonce, segment, header + hashlib.sha256(name).digest() + nonce)
        if hmac.new(mac_key, block, hashlib.sha256).digest() != part_id:
            raise SystemExit("a block is not the one that its header names")
        out.append(block)
    return b"".join(out)


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--archive"]
    if len(words) != 3:
        raise SystemExit(__doc__)
    form, key, repo = Path(words[0]).read_text().strip().split(" ", 2)
    if form != "s3sync-key-1":
        raise SystemExit("this is no exported key")
    sealed, archive = Path(words[2]).read_bytes(), "--archive" in sys.argv[1:]
    sys.stdout.buffer.write(unseal(base64.b64decode(key), repo, words[1], sealed, archive=archive))


if __name__ == "__main__":
    main()

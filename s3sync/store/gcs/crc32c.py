"""CRC32C, which Cloud Storage keeps of every object, and that of several bodies behind one another.

Source: RFC 3720, appendix B.4 (the polynomial); zlib's crc32_combine (the arithmetic).
"""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.store.bodies import pieces
from s3sync.store.port import Body, Buffer

_POLYNOMIAL = 0x82F63B78


def crc32c(body: Buffer | Body) -> int:
    import google_crc32c

    value = 0
    for piece in pieces(body):
        value = google_crc32c.extend(value, bytes(piece))
    return value


def combined(parts: Iterable[tuple[int, int]]) -> int:
    """CRC32C of bodies that follow one another, by (CRC32C, size) of each."""
    value = 0
    for crc, size in parts:
        value = _shifted(value, size) ^ crc
    return value


def _shifted(crc: int, zeros: int) -> int:
    """The CRC of what has this one, with so many zero bytes behind it and without the ending of the CRC itself."""
    one_bit = [_POLYNOMIAL, *(1 << bit for bit in range(31))]
    matrix = _squared(_squared(_squared(one_bit)))  # of one byte
    while zeros:
        if zeros & 1:
            crc = _times(matrix, crc)
        zeros >>= 1
        matrix = _squared(matrix)
    return crc


def _times(matrix: list[int], vector: int) -> int:
    total, row = 0, 0
    while vector:
        if vector & 1:
            total ^= matrix[row]
        vector >>= 1
        row += 1
    return total


def _squared(matrix: list[int]) -> list[int]:
    return [_times(matrix, row) for row in matrix]

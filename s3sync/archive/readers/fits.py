"""Headers of FITS files: 2,880-byte blocks of 80-character cards, with CONTINUE and HIERARCH, also in `.gz` and `.fz`.

A card is taken apart only when somebody asks for it, as most of a header is never read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from s3sync.archive.readers import Place, Unsaid, open_file
from s3sync.archive.readers.packed import Packed, Readable

Value: TypeAlias = str | int | float | bool | None

BLOCK, CARD = 2880, 80
MOST_BLOCKS = 1000
"""Blocks of one header: 36,000 cards, more than any program writes."""
AT_ONCE = 8
"""Blocks that are read at once: most headers fit into them."""
ENDINGS = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fts.gz", ".fits.fz", ".fit.fz", ".fz")
_CONTINUE, _HIERARCH, _END, _VALUE = b"CONTINUE", b"HIERARCH", b"END     ", b"= "
_STRING = re.compile(r"\s*'((?:[^']|'')*)'")
_NUMBER = re.compile(r"[+-]?[0-9]+\Z")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[EeDd][+-]?[0-9]+)?\Z")
_LONGITUDE = re.compile(r"([+-]?)\s*(\d{1,3})[\s:d°]+(\d{1,2})(?:[\s:m']+(\d{1,2}(?:\.\d*)?))?[\s\"s]*([EWew]?)\Z")
_OLD_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{2})\Z")
_HAS_TIME = re.compile(r"[^T ]+[T ]+[0-9]")
_FINER = re.compile(r"(\.[0-9]{6})[0-9]+")
"""Digits of a second that are more than a time has."""
_STARTS = ("DATE-OBS", "DATE-BEG")
_SITES = ("SITELONG", "LONG-OBS", "OBSGEO-L", "SITELON", "LONGITUD", "GEOLON")
"""Cards in which programs write the site's longitude, in degrees to the east."""


class Header:
    """Cards of a header, looked for when they are asked for; the first one of a keyword counts."""

    def __init__(self, cards: bytes, below: Header | None = None) -> None:
        self._cards, self._below = cards, below

    def get(self, keyword: str) -> Value:
        """The value, None for a card without one or where there is none."""
        at = self._standard(keyword) if len(keyword) <= 8 and " " not in keyword else self._hierarchical(keyword)
        if at is None:
            return self._below.get(keyword) if self._below else None
        end = at + CARD
        while self._cards.startswith(_CONTINUE, end):
            end += CARD
        return _parsed([self._cards[place : place + CARD] for place in range(at, end, CARD)])

    def text(self, keyword: str) -> str:
        """The value as text without blanks around it; empty where there is none."""
        value = self.get(keyword)
        return "" if value is None or isinstance(value, bool) else str(value).strip()

    def keywords(self) -> Iterator[str]:
        """Keywords with a value, in their order."""
        for at in range(0, len(self._cards), CARD):
            word, card = self._cards[at : at + 8], self._cards[at + 8 : at + CARD]
            if card.startswith(_VALUE):
                yield word.rstrip().decode("latin-1")
            elif word == _HIERARCH and b"=" in card:
                yield b" ".join(card.partition(b"=")[0].split()).decode("latin-1")

    def _standard(self, keyword: str) -> int | None:
        return _place(self._cards, keyword.encode("latin-1", "replace").ljust(8) + _VALUE)

    def _hierarchical(self, keyword: str) -> int | None:
        wanted = keyword.encode("latin-1", "replace").split()
        for at in range(0, len(self._cards), CARD):
            name, equals, _ = self._cards[at : at + CARD].partition(b"=")
            if equals and name.startswith(_HIERARCH) and name.split()[1:] == wanted:
                return at
        return None


def is_fits(name: str) -> bool:
    return name.casefold().endswith(ENDINGS)


def read_header(path: Place) -> Header:
    """The primary header; where that has no image, as in `.fz`, with the next header's cards before its own.

    Raises `Unsaid` for what is no FITS file, and `OSError`.
    """
    with open_file(path, buffering=0) as file:  # it is read in few large pieces
        return header_in(file, path.name)


def header_in(file: Readable, name: str) -> Header:
    """The same of an open file, whose name says whether it is packed."""
    try:
        headers = _Headers(Packed(file) if name.casefold().endswith(".gz") else file)
        primary = headers.next(b"SIMPLE  ")
        if primary.get("NAXIS") != 0:
            return primary
        try:
            return headers.next(b"XTENSION", primary)
        except Unsaid:
            return primary
    except (EOFError, zlib.error) as error:
        raise Unsaid(f"it cannot be unpacked: {error}") from None


class _Headers:
    """The headers of a file, which is read some blocks at once; what stands behind one is kept for the next."""

    def __init__(self, file: Readable) -> None:
        self._file, self._ahead = file, b""

    def next(self, first: bytes, below: Header | None = None) -> Header:
        """The header that begins here. Raises `Unsaid`."""
        cards, looked = self._ahead, 0
        for _ in range(0, MOST_BLOCKS, AT_ONCE):
            if len(cards) - looked < BLOCK:
                cards += self._file.read(AT_ONCE * BLOCK)
            whole = len(cards) - len(cards) % BLOCK
            if whole <= looked or not cards.startswith(first):
                raise Unsaid("its header is cut off" if looked else "it is no FITS file")
            end = _place(cards, _END, looked)
            if end is not None and end < whole:
                self._ahead = cards[end - end % BLOCK + BLOCK :]
                return Header(cards[:end], below)
            looked = whole
        raise Unsaid("its header has no end")


def _place(cards: bytes, begin: bytes, start: int = 0) -> int | None:
    """Place of the first card that has this beginning. Only the cards' first letters are searched through."""
    firsts, letter = cards[start::CARD], begin[:1]
    card = firsts.find(letter)
    while card >= 0:
        if cards.startswith(begin, at := start + card * CARD):
            return at
        card = firsts.find(letter, card + 1)
    return None


def _parsed(cards: list[bytes]) -> Value:
    text = cards[0].partition(b"=")[2].decode("latin-1")
    found = _STRING.match(text)
    if found is None:
        return _plain(text.partition("/")[0].strip())
    value = found[1].replace("''", "'").rstrip()
    for card in cards[1:]:
        more = _STRING.match(card[8:].decode("latin-1"))
        if more is None or not value.endswith("&"):
            break
        value = value[:-1] + more[1].replace("''", "'").rstrip()
    return value.removesuffix("&") if len(cards) > 1 else value


def _plain(text: str) -> Value:
    if text in ("T", "F"):
        return text == "T"
    if _NUMBER.match(text) and len(text) < 40:
        return int(text)
    if _FLOAT.match(text) and len(text) < 40:
        return float(text.replace("D", "E").replace("d", "e"))
    return text or None


def observed(header: Header) -> datetime:
    """The time of the exposure in UTC, without a zone: DATE-OBS, or where there is none DATE-BEG or MJD-OBS (FITS 4.0,
    9.5). Raises `Unsaid`."""
    keyword = next((one for one in _STARTS if header.text(one)), None)
    if keyword is None:
        return _of_day_number(header.get("MJD-OBS"))
    text = header.text(keyword)
    if not _HAS_TIME.match(text) and header.text("TIME-OBS"):
        text = f"{text}T{header.text('TIME-OBS')}"
    old = _OLD_DATE.match(text.partition("T")[0])
    if old:  # before 1999, by the standard of then
        text = f"19{old[3]}-{old[2]}-{old[1]}T{text.partition('T')[2]}".rstrip("T")
    if not _HAS_TIME.match(text):
        raise Unsaid(f"{keyword} has no time of day: {text[:40]!r}")
    when: datetime | None
    try:
        when = datetime.fromisoformat(_FINER.sub(r"\1", text[:40]))
        when = (when.astimezone(UTC) if when.tzinfo else when).replace(tzinfo=None)
    except (ValueError, OverflowError):
        when = None
    if when is None or not 1900 <= when.year < 3000:
        raise Unsaid(f"{keyword} is no time: {text[:40]!r}")
    return when


def _of_day_number(value: Value) -> datetime:
    """The time of a modified Julian day. Raises `Unsaid`."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 15_020 <= value < 400_000:
        raise Unsaid("the header has no DATE-OBS")
    return datetime(1858, 11, 17) + timedelta(days=value)  # noqa: DTZ001 - as all times of a header


def longitude(header: Header) -> float | None:
    """The site's longitude in degrees to the east; None where the header does not say it."""
    for keyword in _SITES:
        value = header.get(keyword)
        degrees = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        if degrees is None and isinstance(value, str):
            degrees = _degrees(value.strip())
        if degrees is not None and -360 <= degrees <= 360:
            return (degrees + 180) % 360 - 180
    return None


def unread_site(header: Header) -> str | None:
    """Words about a site's longitude that the header has and nobody can read; None where it has none."""
    said = next(((keyword, text) for keyword in _SITES if (text := header.text(keyword))), None)
    return (
        None if said is None else f"the header's {said[0]} is no longitude: {said[1][:40]!r}; the set has no timezone"
    )


def _degrees(text: str) -> float | None:
    if _FLOAT.match(text):
        return float(text.replace("D", "E").replace("d", "e"))
    found = _LONGITUDE.match(text)
    if found is None:
        return None
    degrees = int(found[2]) + int(found[3]) / 60 + float(found[4] or 0) / 3600
    return -degrees if found[1] == "-" or found[5] in ("W", "w") else degrees


def solar_shift(degrees: float) -> timedelta:
    """Time by which the sun at a longitude is ahead of UTC."""
    return timedelta(hours=degrees / 15)

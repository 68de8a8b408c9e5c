"""Checks of a setting's value: those that the table of settings (`spec.py`) is made of."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, TypeVar

from msgspec import Struct

from s3sync.config.secrets import hidden, looks_secret
from s3sync.core.folder_names import is_unseen, project_reason, segment_reason, staging_reason
from s3sync.core.names import nfc, windows_reason

MAX_TRANSFERS = 256
MOST_CHARACTERS = 1024
"""Characters of one text in the settings; a key in S3 has no more."""
MOST_ITEMS = 1000
"""Entries of one list in the settings."""
MOST_OF_A_USER = 64

_IN_USERS = " ._-'’+()&,@"
_AMOUNT = re.compile(r"(0|[0-9]{1,9}(?=[KMGTkmgt]))([KMGTkmgt]?)(?:i?B)?")
_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}

Checked = TypeVar("Checked")


class Setting(Struct, frozen=True):
    """A value and, in words, the place it came from."""

    value: object
    origin: str


class BadValue(Exception):
    """A value is not what its setting may hold. The caller knows the place and raises `ConfigError`.

    `at` leads from the setting's value to the wrong one in it: keys of mappings, numbers of list items.
    """

    def __init__(self, why: str, hint: str | None = None, at: tuple[str | int, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint
        self.at = at


Check: TypeAlias = Callable[[object], object]


def name_problem(name: str) -> str | None:
    """Reason why a name cannot be a segment of a key and a folder on this disk; None when it can."""
    reason = segment_reason(name)
    return reason or (windows_reason(name) if os.name == "nt" else None)


def plain_text(value: object) -> str:
    """Text of one line that is no credential, and does not push what follows it off the line."""
    text = line(value)
    if looks_secret(text):
        raise secret()
    if has_gap(text):
        raise BadValue(f"it has more than {MOST_BLANKS} blanks in a row")
    return text


def has_gap(text: str) -> bool:
    """True if a text has so many blanks in a row that it would not be read as one value in a question."""
    return _GAP.search(text) is not None


MOST_BLANKS = 2
MOST_NAME = 128
MOST_ADDRESS = 320
"""Characters of an address that is no path on this computer: more than the longest name of a host."""
MOST_KEY_ID = 320
"""Characters of an ARN with the longest alias of a KMS key."""
_GAP = re.compile(rf"\s{{{MOST_BLANKS + 1},}}")


def profile(value: object) -> str:
    """Name of an AWS profile: short, and with single blanks only, as it stands in the question of `s3sync trust`."""
    text = plain_text(value)
    if len(text) > MOST_NAME or text != " ".join(text.split()):
        raise BadValue(f"a profile's name has at most {MOST_NAME} characters, and no blanks at its ends or in a row")
    return text


def kms_key(value: object) -> str:
    """Id, alias or ARN of a KMS key: one word."""
    text = plain_text(value)
    if not re.fullmatch(r"[A-Za-z0-9:/_+=,.@-]+", text) or len(text) > MOST_KEY_ID:
        raise BadValue("it is no id, alias or ARN of a KMS key")
    return text


def secret() -> BadValue:
    why = "it looks like a key or a token, which does not belong there"
    return BadValue(why, "keep credentials in an AWS profile (aws configure) or in the AWS_* variables")


def line(value: object) -> str:
    """Text of one line."""
    if not isinstance(value, str):
        raise BadValue(f"it must be text, not {_kind(value)}", 'put it in quotes: "..."' if _is_scalar(value) else None)
    if not value.strip():
        raise BadValue("it is empty")
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in value):
        raise BadValue("it has a control character in it")
    if len(value) > MOST_CHARACTERS:
        raise BadValue(f"it has {len(value)} characters, and {MOST_CHARACTERS} are the most")
    return value


def user(value: object) -> str:
    text = nfc(plain_text(value)).strip()
    odd = next(filter(_is_odd_in_a_user, text), None)
    if odd or text[0] in " ." or len(text) > MOST_OF_A_USER:
        why = f"it has {odd!r} in it" if odd else "it begins with a dot or is too long"
        hint = f"use 1 to {MOST_OF_A_USER} letters, digits, blanks, or any of {_IN_USERS.strip()}"
        raise BadValue(f"{hidden(text)!r} cannot be a user's name: {why}", hint)
    return text


def _is_odd_in_a_user(char: str) -> bool:
    return char not in _IN_USERS and (unicodedata.category(char)[0] not in "LMN" or is_unseen(char))


def repo(value: object) -> str:
    text = nfc(plain_text(value))
    problem = name_problem(text) or _too_long(text)
    if problem:
        raise BadValue(
            f"{hidden(text)!r} cannot be the repository's name in the store: {problem}", "set another `repo`"
        )
    return text


def _too_long(name: str) -> str | None:
    return f"it has more than {MOST_NAME} characters" if len(name) > MOST_NAME else None


def project(value: object) -> str:
    text = nfc(plain_text(value))
    problem = name_problem(text) or project_reason(text) or _too_long(text)
    if problem:
        raise BadValue(f"{hidden(text)!r} cannot be a project's name in the store: {problem}", "set another `project`")
    return text


def staging(value: object) -> str:
    text = nfc(plain_text(value)).removesuffix("/")
    hint = "use a folder below the project, such as s3-staging"
    if text.startswith(("/", "~/")) or re.match(r"[A-Za-z]:", text):
        raise BadValue(f"{hidden(text)!r} is not relative to the project", hint)
    for segment in text.split("/"):
        problem = staging_reason(segment)
        if problem:
            raise BadValue(f"{hidden(text)!r} cannot be the staging folder: {problem}", hint)
    return text


def texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise BadValue(f"it must be a list of texts, not {_kind(value)}", 'write it like ["one", "two"]')
    if len(value) > MOST_ITEMS:
        raise BadValue(f"it has {len(value)} entries, and {MOST_ITEMS} are the most", "put fewer, more general ones")
    return tuple(_item(line, item, number) for number, item in enumerate(value))


def whole(low: int, high: int) -> Check:
    """A check for whole numbers from `low` to `high`, also as a flag's text."""

    def check(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadValue(f"it must be a whole number, not {_kind(value)}", f"write it in digits, {low} to {high}")
        if not low <= value <= high:
            raise BadValue(f"{value} is not between {low} and {high}")
        return value

    return check


def yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadValue(f"it must be true or false, not {_kind(value)}", "write true or false, without quotes")
    return value


def switch(value: object) -> bool:
    """`yes` or `no`, also as the text that a command line gives."""
    return yes_or_no({"yes": True, "true": True, "no": False, "false": False}.get(str(value).lower(), value))


def amount(value: object) -> str:
    """An amount of bytes as people write it, `20G`; `0` for none."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise BadValue("it must be an amount of bytes", "write a whole number and its unit, as 500M, 20G or 1T")
    return f"{int(found[1])}{found[2].upper()}" if int(found[1]) else "0"


def bytes_of(text: str) -> int:
    """The bytes of what `amount` gave."""
    found = _AMOUNT.fullmatch(text)
    return int(found[1]) * _UNITS[found[2].upper()] if found and int(found[1]) else 0


def one_of(*words: str) -> Check:
    """A check for one of these words."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise BadValue(f"it must be one of: {', '.join(words)}")
        return value

    return check


MOST_DOLLARS = 1_000_000


def dollars(value: object) -> float:
    """Amount of money above nothing."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadValue(f"it must be a number of dollars, not {_kind(value)}", "write it like 20 or 7.50")
    if not 0 < value <= MOST_DOLLARS:  # also what is no number
        raise BadValue(f"it must be above 0, and {MOST_DOLLARS} at the most")
    return float(value)


def nested(fields: Mapping[str, Check], into: Callable[..., object] = dict) -> Check:
    """A check for a mapping with keys of its own; null in it means not set. The checked values are given to `into`."""

    def check(value: object) -> object:
        if isinstance(into, type) and into is not dict and isinstance(value, into):
            return value  # it was checked before
        if not isinstance(value, Mapping):
            raise BadValue(f"it must be a mapping, not {_kind(value)}", f"its keys are: {', '.join(fields)}")
        for key in value:
            if key not in fields:
                raise BadValue(f"its keys are: {', '.join(fields)}", _nearest(str(key), fields), at=(hidden(str(key)),))
        return into(**{key: _item(fields[key], item, key) for key, item in value.items() if item is not None})

    return check


def _item(check: Callable[[object], Checked], value: object, at: str | int) -> Checked:
    """A value inside another one, checked. Raises `BadValue` that leads there."""
    try:
        return check(value)
    except BadValue as error:
        raise BadValue(error.why, error.hint, (at, *error.at)) from None


def _nearest(word: str, words: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word.casefold().replace("-", "_"), list(words), 1)
    return f"did you mean {near[0]!r}?" if near else "remove it"


def as_given(value: object) -> object:
    return value


def _is_scalar(value: object) -> bool:
    return not isinstance(value, (list, tuple, dict))


def _kind(value: object) -> str:
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "a yes/no value"
    kinds: dict[type, str] = {int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping"}
    return kinds.get(type(value), "a date")

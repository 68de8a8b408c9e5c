"""Recognise what looks like a credential, so that it is neither taken for a name nor repeated in a message."""

from __future__ import annotations

import re

MASK = "****"
MOST_SHOWN = 200

_KEY_ID = r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AGPA|ANPA|ANVA|APKA)[A-Z0-9]{12,}(?![A-Za-z0-9])"
_TOKEN = (
    r"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|sk-|eyJ[A-Za-z0-9_-]{8,512}\.)[A-Za-z0-9._=-]{12,}"
    r"|(?<![A-Za-z0-9])(?:IQoJ|FwoG|FQoG)[A-Za-z0-9/+=]{40,}"
    r"|(?i:age-secret-key-(?:pq-)?1)[A-Za-z0-9]{12,}"
)
_CERTAIN = re.compile(f"{_KEY_ID}|{_TOKEN}")
_SIGNED = (
    r"(?<![A-Za-z0-9])sig=(?:[A-Za-z0-9/+]|%[0-9A-Fa-f]{2}){40,}=*"
    r"|(?i:x-(?:amz|goog)-signature=)[0-9a-f]{64,}"
    r"|(?<![A-Za-z0-9])(?:ya29\.|GOCSPX-)[A-Za-z0-9_-]{20,}"
    r"|(?<![A-Za-z0-9/+])K00[0-9][A-Za-z0-9/+]{27}(?![A-Za-z0-9/+])"
)
_SHOWN_NEVER = re.compile(f"{_CERTAIN.pattern}|{_SIGNED}")
"""With what signs links of Azure, S3 and Google Cloud, Google's tokens, and keys of B2, in any text around them."""
# A secret key of AWS is 40 of these characters, changing between capitals, small letters and digits all the time.
_RUN = re.compile(r"[A-Za-z0-9/+]{40,}")
_LONG = re.compile(r"[A-Za-z0-9/+=_-]{32,}")
_CHANGE = re.compile(r"(?=[a-z][A-Z]|[A-Za-z][0-9]|[0-9][A-Za-z])")
_FEWEST_CHANGES, _RANDOM = 6, 0.3
_LABELLED = re.compile(
    r"((?:secret|passw|token|credential|access_?key|api_?key|signature)[\w-]*[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]+",
    re.IGNORECASE,
)


def looks_secret(text: str) -> bool:
    """True if a text can hardly be anything but a credential: a key's id, a secret key, a token."""
    if _CERTAIN.search(text) or (len(text) == 40 and _RUN.fullmatch(text) and _is_mixed(text)):
        return True
    return any(map(_is_random, _RUN.findall(text)))


def _is_random(run: str) -> bool:
    return _is_mixed(run, _RANDOM * len(run))


def mask_url(text: str) -> str:
    """The address without its login and its query."""
    return re.sub(r"\?.*", f"?{MASK}", re.sub(r"://.*@", f"://{MASK}@", text, flags=re.DOTALL), flags=re.DOTALL)


_WORD = re.compile(r"[A-Za-z0-9/+]+")
_LOGIN = re.compile(r"(://[^/\s@:]{0,256}:)[^/\s@]{1,512}@")


def without_keys(text: str) -> str:
    """A message without what can hardly be anything but a credential, and without the password in an address. Paths
    and names stay.
    """

    def masked(found: re.Match[str]) -> str:
        word = found[0]
        # 40 characters of a path have more slashes than those of a key, nearly always
        return MASK if looks_secret(word) and (len(word) != 40 or word.count("/") < 4 or _is_random(word)) else word

    return _WORD.sub(masked, _LOGIN.sub(rf"\1{MASK}@", _SHOWN_NEVER.sub(MASK, text)))


def hidden(text: str) -> str:
    """A text that somebody else wrote, for a message: what may be a credential is masked, and it is not endless."""
    text = _LABELLED.sub(rf"\1{MASK}", _SHOWN_NEVER.sub(MASK, text[: 4 * MOST_SHOWN]))
    text = _LONG.sub(lambda found: MASK if _is_mixed(found[0]) else found[0], text)
    text = re.sub(r"(://)[^/\s@]*@", rf"\1{MASK}@", text)
    text = re.sub(r"(://[^\s?]*\?)\S+", rf"\1{MASK}", text)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _is_mixed(text: str, changes: float = _FEWEST_CHANGES) -> bool:
    """True if a run of characters has all three kinds of them, and changes between them that often."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, text)) for kind in kinds) and len(_CHANGE.findall(text)) >= changes

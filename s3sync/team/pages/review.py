"""Review page: chosen films, sounds, pictures and other files, with what a client needs to look at them."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from msgspec import Struct

from s3sync.core.media_types import Kind, Plays, codec_name
from s3sync.core.quantities import files_text, size_text
from s3sync.team.pages.frame import Origin, address, name, origin_of, page, text
from s3sync.team.pages.player import SCRIPT, STYLE

GROUPS = {Kind.VIDEO: "Films", Kind.AUDIO: "Sounds", Kind.PICTURE: "Pictures", Kind.OTHER: "Files"}
WAVE_HEIGHT = 100


class Item(Struct, frozen=True):
    """A file on a page. `source` is the link that plays or shows it, None where no browser can; `download` saves it.

    `plays` and `codec` are of a film that was looked into. `poster` is a JPEG, `wave` the heights of a sound's columns.
    """

    name: str
    kind: Kind
    size_bytes: int
    download: str
    source: str | None = None
    poster: bytes | None = None
    wave: Sequence[int] | None = None
    duration_s: float | None = None
    width: int = 0
    height: int = 0
    codec: str | None = None
    plays: Plays | None = None


def review_page(title: str, items: Sequence[Item], origin: Origin) -> bytes:
    """The page as one document; posters and waveforms are in it, the files come by their links."""
    places = sorted({origin_of(link) for item in items for link in (item.source, item.download) if link})
    total = sum(item.size_bytes for item in items)
    lead = f"<p>{files_text(len(items))}, {size_text(total)}</p>"
    groups = [(kind, [item for item in items if item.kind is kind]) for kind in GROUPS]
    used = [(kind, found) for kind, found in groups if found]
    parts = [lead]
    for kind, found in used:
        heading = f"<h2>{GROUPS[kind]}</h2>\n" if len(used) > 1 else ""
        cards = "\n".join(_card(item) for item in found)
        parts.append(f'<section class="{kind.value}">\n{heading}<div class="cards">\n{cards}\n</div>\n</section>')
    sources = {"media-src": places, "img-src": places}
    return page(title, "\n".join(parts), origin, style=STYLE, script=SCRIPT, sources=sources)


def _card(item: Item) -> str:
    parts = {Kind.VIDEO: _film, Kind.AUDIO: _sound, Kind.PICTURE: _picture}
    inside = parts[item.kind](item) if item.kind in parts else ""
    facts = " · ".join(text(fact) for fact in _facts(item))
    return f"""<article class="card">
<h3>{name(item.name)}</h3>
{inside}<p class="foot"><span>{facts}</span>
<a class="button" href="{address(item.download)}" download aria-label="Download {text(item.name)}">Download</a></p>
</article>"""


def _facts(item: Item) -> list[str]:
    found = [size_text(item.size_bytes)]
    if item.duration_s:
        found.append(duration_text(item.duration_s))
    if item.width:
        found.append(f"{item.width} × {item.height}")
    if item.codec:
        found.append(codec_name(item.codec))
    return found


def duration_text(seconds: float) -> str:
    """`1:02`, `1:02:03`."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def _film(item: Item) -> str:
    if item.source is None or item.plays is Plays.NO:
        return f"{_poster_alone(item)}{_told(_unplayable(item))}"
    poster = f' poster="{_embedded(item.poster)}"' if item.poster else ""
    doubtful = _told(_unplayable(item), hidden=item.plays is not Plays.SOME)
    return f"""<video controls playsinline preload="metadata"{poster} src="{address(item.source)}"></video>
{doubtful}"""


def _unplayable(item: Item) -> str:
    codec = f" ({codec_name(item.codec)})" if item.codec else ""
    who = "Not every browser can" if item.plays is Plays.SOME else "Browsers cannot"
    if item.plays is Plays.YES or (item.plays is None and item.source is not None):
        who = "This browser cannot"
    return f"{who} play this film{codec}. Download it to watch it."


def _sound(item: Item) -> str:
    if item.source is None:
        return _told("Browsers cannot play this sound. Download it to hear it.")
    player = f'<audio controls preload="metadata" src="{address(item.source)}"></audio>'
    told = _told("This browser cannot play this sound. Download it to hear it.", hidden=True)
    return f"{_wave(item.wave) if item.wave else ''}{player}\n{told}"


def _wave(heights: Sequence[int]) -> str:
    """Waveform as a picture whose played part is drawn over it, by the page's script."""
    half = WAVE_HEIGHT // 2
    bars = "".join(f"M{x}.5 {half - max(1, tall // 2)}v{max(2, tall // 2 * 2)}" for x, tall in enumerate(heights))
    box = f'viewBox="0 0 {len(heights)} {WAVE_HEIGHT}" preserveAspectRatio="none"'
    return f"""<svg class="wave" {box} role="img" aria-label="Waveform">
<path d="{bars}"/><svg class="played" width="0" height="{WAVE_HEIGHT}"><path d="{bars}"/></svg></svg>
"""


def _picture(item: Item) -> str:
    if item.source is not None:
        link = address(item.source)
        picture = f'<img loading="lazy" decoding="async" alt="{text(item.name)}" src="{link}">'
        told = _told("This browser cannot show this picture. Download it to see it.", hidden=True)
        return f'<a href="{link}" target="_blank" rel="noopener">{picture}</a>\n{told}'
    if item.poster:
        return _poster_alone(item)
    return _told("Browsers cannot show this picture. Download it to see it.")


def _poster_alone(item: Item) -> str:
    if not item.poster:
        return ""
    return f'<img class="still" alt="{text(item.name)}" src="{_embedded(item.poster)}">\n'


def _embedded(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _told(words: str, *, hidden: bool = False) -> str:
    return f'<p class="told"{" hidden" if hidden else ""}>{text(words)}</p>\n'

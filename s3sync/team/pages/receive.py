"""Page by which a client sends files, and the one that stands in its place after its end."""

from __future__ import annotations

from datetime import datetime

from s3sync.core.inboxes import MOST_BYTES, NAME_CHARS
from s3sync.store.forms import DropForm
from s3sync.team.pages.frame import Origin, data, name, origin_of, page
from s3sync.team.pages.receive_script import SCRIPT, STYLE

MOST_TEXT = "5 GB"
PAUSE_MS = 3000
"""Time after which a file whose connection broke is sent again; twice as much the second time."""


def receive_page(project: str, by: str, until: datetime, form: DropForm) -> bytes:
    """The page with its form: whoever gets it may use that form until its end."""
    held = {
        "url": form.url,
        "fields": dict(form.fields),
        "begins": form.begins,
        "by": by,
        "most_bytes": MOST_BYTES,
        "most_text": MOST_TEXT,
        "pause_ms": PAUSE_MS,
    }
    body = f"""
<p>The files go to the team of {name(project)}, and nobody else can see them.</p>
<noscript><p class="told">This page needs JavaScript to send files. Please switch it on, or use another browser.</p>
</noscript>
<div class="needs-script" hidden>
<label class="who" for="who">Your name</label>
<input id="who" maxlength="{NAME_CHARS}" autocomplete="name" placeholder="so that they know whose files these are">
<div id="drop">
<p>Drop files here, or</p>
<input type="file" id="pick" multiple><label class="button" for="pick">Choose files</label>
</div>
<p id="said" role="status"></p>
<p id="left" class="told" role="alert" hidden></p>
<ul id="files"></ul>
<p class="small">Up to {MOST_TEXT} a file. Leave this page open until all have arrived. What you have sent you can
neither see nor take back here: tell {name(by)}.</p>
</div>
{data("form", held)}
"""
    origin = Origin(by, until, f"Ask {by} for a new one.")
    return page(
        f"Send files to {project}", body, origin, style=STYLE, script=SCRIPT,
        sources={"connect-src": [origin_of(form.url)]},
    )  # fmt: skip


def ended_page(project: str, by: str, ended: datetime) -> bytes:
    """Page that the link shows after somebody ended the inbox."""
    body = f"<p>{name(by)}, or somebody of the team, has ended it: no files can be sent to {name(project)} by it.</p>"
    return page(f"Send files to {project}", body, Origin(by, ended, f"Ask {by} for a new one."))

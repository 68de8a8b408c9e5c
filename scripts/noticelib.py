"""What the scripts notify-slack, notify-discord and notify-mail share: ask s3sync, and remember what was sent.

Python alone, no further package: copy this file and one of the scripts to where cron or CI can run them.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
import urllib.error
import urllib.request
from pathlib import Path

MOST_LINES, MOST_NAMES, MOST_OF_A_NAME, MOST_REMEMBERED = 20, 5, 120, 1000
PATIENCE_S = 600
WORDS = {
    "sent": "uploaded",
    "fetched": "downloaded",
    "cleaned": "cleaned up",
    "kept_both": "kept as a copy",
    "found": "found",
    "resolved": "decided the conflict of",
}
"""Words for what `s3sync inbox --json` says was done; of the others the name says enough."""
_FILES = """
    3gp aac aep aif aifc aiff avi avif bmp caf csv cube dng docx dpx drp exr fit fits flac flv gif gz heic heif jpe jpeg
    jpg json m2t m2ts m4a m4v mkv mov mp3 mp4 mpeg mpg mts mxf oga ogg ogv opus pdf png pptx prproj psd qt srt svg tar
    tga tif tiff txt vtt wav weba webm webp wmv xlsx xml xmp zip zst
"""
ENDINGS = frozenset(_FILES.split())
"""Endings of files that keep their dot, though some are those of hosts, too."""
_DOTTED = re.compile(r"(?<![\w-])([\w-]+(?:\.[\w-]+)*)\.([^\W\d_][\w-]+)(?![\w-])(?!\.[\w-])(/?)")
"""Words that chats and mail programs take for the address of a host: its last part begins with a letter."""
STATES = {
    "conflict": "in conflict",
    "remote_new": "to download",
    "remote_modified": "newer on the remote",
    "remote_deleted": "deleted on the remote",
}


class Failed(Exception):
    """Something that is said in one line, without a secret."""


def main(send, escape):
    """Ask, and call `send(title, lines)` when there is something that was not sent before. `escape` is of a name."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--always", action="store_true", help="also send what was sent before")
    parser.add_argument("--dry-run", action="store_true", help="print it instead")
    options = parser.parse_args()
    try:
        _refuse_relative_authorities()
        return _run(send, lambda text: escape(unlinked(plain(text))), options)
    except Failed as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return 1


def _refuse_relative_authorities():
    """Raise `Failed` where Python would take authorities from the current folder, which may be a clone."""
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        named = os.environ.get(variable, "")
        for path in named.split(os.pathsep) if variable.endswith("DIR") else [named]:
            if path and not Path(path).is_absolute():
                raise Failed(f"{variable} names {path}: write the whole path")


def _run(send, escape, options):
    memory = _memory()
    before = {"waits": {}, "events": []} if options.always else _load(memory)
    waits, events, lines = {}, list(before["events"]), []
    for project in ask("status", "--all").get("projects", []):
        name = project.get("project", "")
        happened = _inbox(name, set(before["events"]), escape)
        events += [key for key, _ in happened]
        waiting = _waiting(project, escape)
        waits[name] = hashlib.sha256("\n".join(waiting).encode()).hexdigest()
        if waits[name] != before["waits"].get(name):
            lines += [f"{escape(name)}: {line}" for line in waiting]
        lines += [f"{escape(name)}: {line}" for _, line in happened]
    more = len(lines) - MOST_LINES
    lines = lines[:MOST_LINES] + ([f"and {more} more"] if more > 0 else [])
    if options.dry_run:
        print("\n".join(lines))
        return 0
    if lines:
        send("s3sync: what waits", lines)
    _save(memory, {"waits": waits, "events": events[-MOST_REMEMBERED:]})
    return 0


def ask(*words):
    """The JSON document of an s3sync command. Raises `Failed` with what it says."""
    program = _program()
    try:
        command, nowhere = [program, *words, "--json"], subprocess.DEVNULL
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=nowhere, timeout=PATIENCE_S, check=False)
        document = json.loads(done.stdout)
    except FileNotFoundError:
        raise Failed(f"{program} was not found: set S3SYNC to its whole path") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"`s3sync {' '.join(words)}` did not end") from None
    except ValueError:
        raise Failed(f"`s3sync {' '.join(words)}` printed no JSON (exit {done.returncode})") from None
    if "error" in document:
        raise Failed(plain(document["error"]["message"], 500))
    return document


def _program():
    """Whole path of s3sync: one in the current folder is none, as a repository may have brought it."""
    named = os.environ.get("S3SYNC", "s3sync")
    if Path(named).is_absolute():
        return named
    folders = [folder for folder in os.get_exec_path() if Path(folder).is_absolute()]
    found = shutil.which(named, path=os.pathsep.join(folders)) if Path(named).name == named else None
    if found is None or not Path(found).is_absolute():
        raise Failed(f"{named} was not found: set S3SYNC to its whole path")
    return found


def _waiting(project, escape):
    """Lines about the state of one project: what waits for this computer, and what nobody has decided."""
    if "error" in project:
        return [escape(project["error"]["message"])]
    lines = []
    for state, words in STATES.items():
        files = [file for file in project.get("files", []) if file["state"] == state]
        if files:
            people = sorted({file["uploaded_by"] for file in files if file.get("uploaded_by")})
            by = f", by {', '.join(map(escape, people[:3]))}" if people else ""
            size = size_text(sum(file["size_bytes"] for file in files))
            lines.append(f"{count(len(files))} {words} ({size}{by}): {names([file['name'] for file in files], escape)}")
    return lines


def _inbox(project, known, escape):
    """What others did, as (id, line), where this s3sync tells it; empty where it does not. It stays in the inbox."""
    try:
        events = ask("inbox", "--keep", "--project", project).get("events", [])
    except Failed:
        return []
    found = []
    for event in events:
        key = f"{project} {event['id']}"
        if key in known:
            continue
        counts = event["counts"].items()
        did = ", ".join(f"{WORDS.get(word, word.replace('_', ' '))} {count(number)}" for word, number in counts)
        files = names([file["name"] for file in event["files"]], escape, event.get("more_files", 0))
        found.append((key, f"{escape(event['by'])} {escape(did)} at {escape(event['at'])}: {files}"))
    return found


def names(found, escape, more=0):
    more += max(0, len(found) - MOST_NAMES)
    return ", ".join(map(escape, found[:MOST_NAMES])) + (f" and {more} more" if more else "")


def count(files):
    return "1 file" if files == 1 else f"{files} files"


def size_text(size):
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.1f} {unit}" if unit != "B" else f"{size} B"
        size /= 1000
    return f"{size:.1f} TB"


def plain(text, most=MOST_OF_A_NAME):
    """A text in one line of bounded length, with nothing in it that cannot be seen, and no `https:/` of a link."""
    hidden = ("Zl", "Zp")
    found = ((unicodedata.category(char), char) for char in str(text))
    seen = "".join("?" if kind[0] == "C" or kind in hidden else char for kind, char in found).replace(":/", "\u2236/")
    return seen if len(seen) <= most else f"{seen[:most]}..."


def unlinked(text):
    """A text in which no chat finds a host, as in s3sync's own notices. Done last: a name that is cut may be one."""
    return _DOTTED.sub(_no_host, text)


def _no_host(found):
    is_file = found[2].lower() in ENDINGS and not found[3] and not found[1].lower().startswith("www.")
    return found[0] if is_file else found[0].replace(".", "\u2024")


def need(variable):
    """A variable of the environment. Raises `Failed` where it is not set."""
    value = os.environ.get(variable, "")
    if not value:
        raise Failed(f"{variable} is not set")
    return value


def post(url, document):
    """Send JSON to a webhook, whose address is a secret and in no message. Raises `Failed`."""
    request = urllib.request.Request(url, json.dumps(document).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10):
            return
    except urllib.error.HTTPError as error:
        raise Failed(f"the webhook answered {error.code}") from None
    except (OSError, ValueError) as error:
        raise Failed(f"the webhook cannot be reached ({type(error).__name__})") from None


def _memory():
    """File with what was sent last, for this script and this folder."""
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    base = base if base.is_absolute() else Path.home() / ".local" / "state"
    here = hashlib.sha256(os.fsencode(Path.cwd())).hexdigest()[:16]
    return base / "s3sync" / f"{Path(sys.argv[0]).name}-{here}.json"


def _load(memory):
    try:
        known = json.loads(memory.read_text("utf-8"))
        return {"waits": dict(known["waits"]), "events": list(known["events"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"waits": {}, "events": []}


def _save(memory, known):
    try:
        memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = memory.with_suffix(".new")
        new.write_text(json.dumps(known), "utf-8")
        new.replace(memory)
    except OSError as error:
        raise Failed(f"cannot remember what was sent: {error.strerror}") from None

"""Write settings files, keeping the lines and comments that people wrote."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from s3sync.config.files import REPO_KIND, USER_KIND, FileKind, parse_settings
from s3sync.config.locate import exists
from s3sync.config.read import keep_root, read_text
from s3sync.config.spec import checked
from s3sync.config.values import BadValue
from s3sync.disk.errors import reason_of
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import make_own
from s3sync.disk.own_links import own_end
from s3sync.errors import ConfigError, LocalError

REPO_HEADER = "# s3sync: the settings that the whole team shares. No secrets: this file is committed.\n"
USER_HEADER = "# s3sync: this person's own settings\n"
_SHARED = 0o644
"""Mode of new settings of a repository: those that others may write are not read, whatever the umask (`read_text`)."""
_PLAIN = re.compile(r"[A-Za-z0-9_./~][A-Za-z0-9_./:+-]*")


def write_repo_config(path: Path, values: Mapping[str, object]) -> bool:
    """Set keys in `.s3sync.yaml`; whether the file changed.

    Values are texts, whole numbers, one-line lists of texts, or None for null. All other lines stay as they are. The
    new text is read back before it takes the old one's place. Raises `ConfigError`, and `LocalError` when the disk
    refuses; either way the old file is untouched.
    """
    return _write(path, values, REPO_KIND, REPO_HEADER)


def write_user_config(path: Path, values: Mapping[str, object]) -> bool:
    """The same for the user's own file, which only the user can read."""
    return _write(path, values, USER_KIND, USER_HEADER)


def has_user_key(path: Path, key: str) -> bool:
    """True if the user's own file says something for a key. Raises `ConfigError`."""
    return exists(path) and key in parse_settings(read_text(path.resolve()), path, USER_KIND)


def add_to_user_config(path: Path, key: str, value: object) -> None:
    """Append a key that the user's own file does not have, on one line. Raises `ConfigError`, `LocalError`."""
    path = path.resolve()
    wanted = _checked(key, value, path)
    text = read_text(path) if exists(path) else USER_HEADER
    newline = "\r\n" if "\r\n" in text else "\n"
    text += "" if text.endswith(("\n", "\ufeff")) or not text else newline
    text += f"{key}: {rendered(value)}{newline}"
    found = parse_settings(text, path, USER_KIND).get(key)
    if found is None or found.value != wanted:
        raise ConfigError(f"cannot change {path}", why="its layout is unusual", hint="edit it by hand")
    place_text(path, text, private=True)


def _write(path: Path, values: Mapping[str, object], kind: FileKind, header: str) -> bool:
    if kind.committed:
        refuse_link(path)
    else:
        path = path.resolve()  # a link, such as one into a dotfiles folder, stays a link
    old = read_text(path, within=path.parent if kind.committed else None) if exists(path) else None
    if old is not None:
        parse_settings(old, path, kind)
    wanted = {key: _checked(key, value, path) for key, value in values.items() if value is not None}
    new = _updated(header if old is None else old, {**wanted, **dict.fromkeys(values.keys() - wanted)}, path, values)
    found = {key: setting.value for key, setting in parse_settings(new, path, kind).items()}
    if any(found.get(key) != wanted.get(key) for key in values):
        raise ConfigError(f"cannot change {path}", why="its layout is unusual", hint="edit it by hand")
    if new == old:
        return False
    place_text(path, new, private=not kind.committed)
    return True


def place_text(path: Path, text: str, *, private: bool) -> None:
    """Put a settings file in its place, and make its folder. Raises `LocalError`."""
    try:
        make_own(path.parent)
        replace_file(path, text.encode("utf-8"), mode=0o600 if private else _SHARED)
    except OSError as error:
        raise LocalError(f"cannot write {path}", why=error.strerror or str(error)) from error


def refuse_link(path: Path) -> None:
    """Raise `ConfigError` for a link: whoever can commit a link could have us read and write any file of this user."""
    keep_root(path.parent)
    try:
        with GuardedFolder.open(path.parent, shared=True, straight=True) as folder:
            folder.check(path.name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(
            f"cannot change {path}", why=reason_of(error), hint="put a plain file in its place"
        ) from error


def _checked(key: str, value: object, path: Path) -> object:
    try:
        return checked(key, value)
    except KeyError:
        raise ConfigError(f"{key!r} is no setting", hint="see `s3sync config`") from None
    except BadValue as error:
        raise ConfigError(f"{key!r} for {path} is not valid", why=error.why, hint=error.hint) from None


def _updated(text: str, values: Mapping[str, object], path: Path, order: Mapping[str, object]) -> str:
    """The text with values put in place of the old ones, back to front, and missing keys appended in `order`."""
    from s3sync.config import nodes

    places = {key: value for key, _, value in nodes.pairs(nodes.compose(text, path), path)}
    spans = []
    for key in order.keys() & places.keys():
        node = places[key]
        start, end = node.start_mark, node.end_mark
        if start.line != end.line or getattr(node, "flow_style", None) is False:
            message = f"cannot change {key!r} in {path} line {start.line + 1}"
            raise ConfigError(message, why="its value takes several lines", hint="edit it by hand")
        spans.append((start.index, end.index, ("" if end.index > start.index else " ") + rendered(values[key])))
    for begin, stop, shown in sorted(spans, reverse=True):
        text = text[:begin] + shown + text[stop:]
    newline = "\r\n" if "\r\n" in text else "\n"
    missing = [f"{key}: {rendered(values[key])}{newline}" for key in order if key not in places]
    if missing and text and not text.endswith(("\n", "\ufeff")):
        text += newline
    return text + "".join(missing)


def rendered(value: object) -> str:
    """A value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{rendered(key)}: {rendered(item)}" for key, item in value.items()) + "}"
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(rendered(item) for item in value) + "]"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and _is_plain(value) else _quoted(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _is_plain(text: str) -> bool:
    """True if YAML takes the bare text for that text, and not for a number, a date, a yes or a key."""
    import yaml

    try:
        return bool(yaml.safe_load(f"[{text}]") == [text])
    except yaml.YAMLError:
        return False


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def replace_file(path: Path, body: bytes, *, mode: int = 0o666) -> None:
    """Put these bytes in a file's place at once, with the permissions that the old file had.

    A new file has this mode, less what the umask takes.

    The temporary file has always the same name, so that what a killed run left there goes with the next one.
    """
    temporary = f"{path.name}.s3sync.tmp"
    with GuardedFolder.open(own_end(path.parent), shared=True, straight=True) as folder:
        folder.unlink(temporary, missing_ok=True)
        try:
            with open(folder.create(temporary), "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
                # By the open file: whoever may write there too may have put a link at its name.
                if hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), _mode(folder, path.name, mode))
            if not folder.has_file(temporary):
                raise PermissionError(errno.EPERM, "somebody else put something there", f"{path}.s3sync.tmp")
            folder.replace(temporary, path.name)
        except BaseException:
            with contextlib.suppress(OSError):
                folder.unlink(temporary)
            raise


def _mode(folder: GuardedFolder, name: str, mode: int) -> int:
    found = folder.find(name)
    if found is not None:
        return stat.S_IMODE(found.st_mode) & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return mode & ~umask

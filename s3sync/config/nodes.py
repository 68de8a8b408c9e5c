"""YAML with its lines. Importing PyYAML takes milliseconds, so import this module only when there is a file to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from s3sync.config.secrets import hidden
from s3sync.config.values import BadValue
from s3sync.errors import ConfigError

MOST_LEVELS = 20
"""Depth of lists and mappings: more than any setting has."""
MOST_VALUES = 5000
"""Keys, list items and mappings in a whole file."""

_MERGE = "git left both sides of a merge there: keep one, and take out the lines with <<<<<<<, ======= and >>>>>>>"
_QUOTE_STAR = 'put a pattern that begins with * in quotes: "*.tmp"'


class _TooMuch(Exception):
    pass


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: whole numbers are plain decimal ones, as in YAML 1.2, and nothing is nested deeply.

    By YAML 1.1, `0x10`, `010`, `1_000` and `12:30:00` would be numbers, too, and of any length. Here they are text.
    """

    depth = nodes = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.depth += 1
        self.nodes += 1
        if self.depth > MOST_LEVELS:
            raise _TooMuch("it is nested too deeply")
        if self.nodes > MOST_VALUES:
            raise _TooMuch(f"it has more than {MOST_VALUES} values")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_INT, _FLOAT = (f"tag:yaml.org,2002:{kind}" for kind in ("int", "float"))
_NUMBERS = {
    "int": re.compile(r"[-+]?(?:0|[1-9][0-9]{0,14})\Z"),
    "float": re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}\Z"),
}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_INT, _FLOAT)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_INT, _NUMBERS["int"], list("-+0123456789"))
_Loader.add_implicit_resolver(_FLOAT, _NUMBERS["float"], list("-+0123456789"))


def compose(text: str, path: Path) -> MappingNode | None:
    """The file's top mapping, None for an empty file; no node is there twice. Raises `ConfigError`."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path} line {mark.line + 1}" if mark else str(path)
        hint = _QUOTE_STAR if "alias" in f"{error.context} {error.problem}" else None
        if any(line.startswith("<<<<<<< ") for line in text.splitlines()):
            hint = _MERGE
        raise ConfigError(f"{place} is not valid YAML", why=error.problem or error.context, hint=hint) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{path} line {line} is not valid YAML", why="it has a character no text has") from None
    except _TooMuch as error:
        raise ConfigError(f"{path} is not a settings file", why=str(error)) from None
    if root is None:
        return None
    if not isinstance(root, MappingNode):
        place = f"{path} line {root.start_mark.line + 1}"
        raise ConfigError(f"{place} is not a setting", why="a settings file has lines of the form `key: value`")
    _refuse_aliases(root, path)
    return root


def pairs(root: MappingNode | None, path: Path) -> Iterator[tuple[str, int, Node]]:
    """Each key with its line and its value, also keys that are there twice. Raises `ConfigError`."""
    for key, value in root.value if root else ():
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            raise ConfigError(f"{path} line {line} is not a setting", why="its key is not plain text")
        yield str(key.value), line, value


def plain(node: Node, *, as_text: bool) -> object:
    """The node's value; numbers stay text where `as_text` (YAML takes 18:00 for the number 1080). Raises `BadValue`."""
    if isinstance(node, SequenceNode):
        return [plain(item, as_text=as_text) for item in node.value]
    if isinstance(node, MappingNode):
        values: dict[object, object] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.value in values:
                at = (hidden(str(key.value)),) if isinstance(key, ScalarNode) else ()
                raise BadValue("its keys must be plain texts, each there once", at=at)
            values[key.value] = plain(value, as_text=as_text)
        return values
    return _scalar(node, as_text)


def line_at(node: Node, at: Sequence[str | int], line: int) -> int:
    """The line of the key or the list item that `at` leads to, from `node` whose own key is in `line`."""
    for step in at:
        if isinstance(node, MappingNode):
            found = next(((key, value) for key, value in node.value if hidden(str(key.value)) == step), None)
        elif isinstance(node, SequenceNode) and isinstance(step, int):
            found = (node.value[step], node.value[step])
        else:
            found = None
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def keys_below(node: Node) -> Iterator[str]:
    """All keys at any depth."""
    for below in _nodes(node):
        if isinstance(below, MappingNode):
            yield from (str(key.value) for key, _ in below.value if isinstance(key, ScalarNode))


def texts(node: Node) -> Iterator[str]:
    """All scalars at any depth, as they are written."""
    return (str(below.value) for below in _nodes(node) if isinstance(below, ScalarNode))


def _scalar(node: Node, as_text: bool) -> object:
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "null":
        return None
    if kind == "str" or as_text:
        return str(node.value)
    if kind not in ("int", "float", "bool", "timestamp"):
        raise BadValue(f"settings take no {hidden(node.tag)} values", 'put it in quotes: "..."')
    if kind in _NUMBERS:
        if not _NUMBERS[kind].match(node.value):  # where a tag says that it is one
            raise BadValue("it is not a plain number", "write it in digits, like 16")
        return int(node.value) if kind == "int" else float(node.value)
    try:
        value: object = SafeConstructor().construct_object(node)
    except (ConstructorError, ValueError, OverflowError, KeyError):
        raise BadValue(f"it is not a {kind}") from None
    return value


def _refuse_aliases(root: MappingNode, path: Path) -> None:
    """A few aliases of aliases would make a small file huge."""
    seen: set[int] = set()
    for key, value in root.value:
        for node in (key, *_nodes(value)):
            if id(node) in seen:
                place = f"{path} line {key.start_mark.line + 1}"
                raise ConfigError(f"{place} has a YAML alias", why="settings take no aliases", hint=_QUOTE_STAR)
            seen.add(id(node))


def _nodes(node: Node) -> Iterator[Node]:
    """The node and all below it; one that an alias repeats comes a second time, what is below that does not."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, MappingNode):
            waiting.extend(part for pair in node.value for part in pair)

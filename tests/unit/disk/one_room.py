"""Calls that open, change or list by a path, found in the source of every room but `disk/`.

What has the type of a `GuardedFolder` is known by what the source says of it: an annotation, or a call of something
that gives one back. So a variable is not believed by its name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import s3sync

Bound: TypeAlias = dict[str, set[bool]]
"""Names, and whether what each is bound to is a `GuardedFolder`."""
PACKAGE = Path(s3sync.__file__).parent
OF_OS = {
    "open", "unlink", "remove", "rename", "replace", "link", "symlink", "mkdir", "makedirs", "rmdir", "removedirs",
    "renames", "scandir", "listdir", "walk", "fwalk", "chmod", "chown", "lchown", "utime", "truncate", "mkfifo",
    "mknod", "readlink", "setxattr", "getxattr", "removexattr", "startfile",
}  # fmt: skip
OF_PATHS = {
    "open", "unlink", "mkdir", "rmdir", "write_text", "write_bytes", "read_text", "read_bytes", "rename", "touch",
    "iterdir", "glob", "rglob", "symlink_to", "hardlink_to", "chmod", "lchmod", "readlink",
}  # fmt: skip
OF_LIBRARIES = {
    ("sqlite3", "connect"), ("tarfile", "open"), ("zipfile", "ZipFile"), ("gzip", "open"), ("bz2", "open"),
    ("lzma", "open"), ("io", "open"), ("codecs", "open"), ("mmap", "mmap"), ("glob", "glob"), ("glob", "iglob"),
    ("tempfile", "*"), ("shutil", "*"), ("subprocess", "*"), ("ctypes", "*"), ("pty", "*"), ("shelve", "*"),
    ("dbm", "*"), ("linecache", "*"), ("fileinput", "*"), ("runpy", "*"), ("configparser", "*"), ("netrc", "*"),
    ("mimetypes", "*"),
}  # fmt: skip
"""Of the standard library what opens a path that it is given, or has one of its own."""
FROM = {"filelock": {"FileLock"}, "io": {"FileIO", "open"}}
"""The same of other libraries, where they are imported by their names; of those above everything is."""
_NAMES = OF_OS | OF_PATHS | {name for _, name in OF_LIBRARIES}
_LIBRARIES = {module for module, _ in OF_LIBRARIES}
HARMLESS = {("shutil", "disk_usage"), ("shutil", "copyfileobj"), ("shutil", "get_terminal_size"), ("shutil", "which")}
GUARDED = "GuardedFolder"


@cache
def sources() -> dict[str, ast.Module]:
    """Each file with its tree, by its path in the package; `disk/` is the room that opens."""
    files = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
    return {name: ast.parse(file.read_text("utf-8")) for name, file in files.items() if not name.startswith("disk/")}


@cache
def calls() -> tuple[tuple[str, str, str], ...]:
    """Each call as (file, name, text)."""
    return tuple(call for file, tree in sources().items() for call in calls_in(file, tree))


def calls_in(file: str, tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """The same of one file. What a name is holds for the function that binds it."""
    yield from _in_scope(file, tree, tree, frozenset(), frozenset(_imported(tree)), _fields_of(tree))


def _in_scope(
    file: str, tree: ast.AST, scope: ast.AST, above: frozenset[str], opening: frozenset[str], fields: Bound
) -> Iterator[tuple[str, str, str]]:
    if not any(isinstance(node, ast.Call) and _opens(node, None, opening, fields) for node in ast.walk(scope)):
        return
    nodes = list(_own_nodes(scope))
    bound = _bound(scope, nodes, above, fields)
    known = set(above - bound.keys()) | {name for name, found in bound.items() if found == {True}}
    for node in nodes:
        if isinstance(node, ast.Call) and (name := _opens(node, known, opening, fields)) is not None:
            yield file, name, ast.unparse(node)
        elif isinstance(node, (ast.FunctionDef, ast.Lambda)):
            yield from _in_scope(file, tree, node, frozenset(known), opening, fields)


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a function or module; of the functions in it themselves alone."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Names in a file that came from a module whose functions open what they are given."""
    yield "open"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for one in node.names:
                watched = {(node.module, one.name), (node.module, "*")} & OF_LIBRARIES
                if watched or one.name in FROM.get(node.module, ()) or (node.module == "os" and one.name in OF_OS):
                    yield one.asname or one.name


def _opens(node: ast.Call, guarded: set[str] | None, opening: frozenset[str], fields: Bound) -> str | None:
    """Name of what is called, if that goes by a path. `guarded` None: whatever it is called of."""
    if isinstance(node.func, ast.Name):
        return node.func.id if node.func.id in opening and not _is_descriptor(node) else None
    if not isinstance(node.func, ast.Attribute):
        return None
    name = node.func.attr
    if name not in _NAMES and getattr(node.func.value, "id", None) not in _LIBRARIES:
        return None
    of = ast.unparse(node.func.value)
    if (of, name) in HARMLESS:
        return None
    if of == "os":
        return name if name in OF_OS and not _is_descriptor(node) else None
    if (of, name) in OF_LIBRARIES or (of, "*") in OF_LIBRARIES:
        return f"{of}.{name}"
    if (
        name not in OF_PATHS
        or _is_ours(of, name)
        or (guarded is not None and _is_guarded(node.func.value, guarded, fields))
    ):
        return None
    return name


def _is_descriptor(node: ast.Call) -> bool:
    """True for what is given an open file: by its word, or as the result of what opened it and is looked at itself."""
    if not node.args:
        return False
    given = ast.unparse(node.args[0])
    return (
        any(word.arg == "closefd" for word in node.keywords)
        or given.rpartition(".")[2] in ("descriptor", "fileno()")
        or (isinstance(node.args[0], ast.Call) and ast.unparse(node.args[0].func).rpartition(".")[2] in _OPENERS)
    )


_OPENERS = {"open", "open_read", "open_write", "create", "dup", "fileno", "open_file", "descriptor_of"}


def _is_ours(of: str, name: str) -> bool:
    """True for `open` of a class of ours, such as `Project.open`: what that opens is looked at where it does."""
    return name == "open" and of.rpartition(".")[2] in _facts().classes


class Facts(NamedTuple):
    """What the whole package says: its classes, the fields of all of them, and functions and properties by what they
    give. A name that holds or gives something else anywhere is none."""

    classes: set[str]
    fields: Bound
    givers: Bound


@cache
def _facts() -> Facts:
    known = {"folder_below": {True}, "own_folder": {True}, "parent_of": {True}}
    facts = Facts({GUARDED}, {}, known)
    for tree in sources().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                facts.classes.add(node.name)
            elif isinstance(node, ast.FunctionDef) and node.returns is not None:
                facts.givers.setdefault(node.name, set()).add(_says(node.returns))
            elif isinstance(node, ast.AnnAssign):
                facts.fields.setdefault(_field(node.target), set()).add(_says(node.annotation))
    return facts


def _says(annotation: ast.expr) -> bool:
    return any(getattr(node, "id", getattr(node, "value", None)) == GUARDED for node in ast.walk(annotation))


def _field(target: ast.expr) -> str:
    return target.attr if isinstance(target, ast.Attribute) else ast.unparse(target)


def _fields_of(tree: ast.AST) -> Bound:
    """Fields of a file's classes, and whether each holds one."""
    holds: Bound = {}
    arguments = _arguments(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            holds.setdefault(_field(node.target), set()).add(_says(node.annotation))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            typed = arguments.get(ast.unparse(node.value))
            if typed is not None:
                holds.setdefault(node.targets[0].attr, set()).add(GUARDED in typed)
    return holds


def _arguments(tree: ast.AST) -> dict[str, str]:
    """Types of the arguments of a file's constructors."""
    makers = (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == "__init__")
    every = (arg for one in makers for arg in (*one.args.args, *one.args.kwonlyargs))
    return {arg.arg: ast.unparse(arg.annotation) for arg in every if arg.annotation is not None}


def _bound(scope: ast.AST, nodes: list[ast.AST], above: frozenset[str], fields: Bound) -> Bound:
    """Names that a function binds, and whether each is a `GuardedFolder` wherever it is bound."""
    bound: Bound = {}
    for _ in range(3):  # one name is bound to another
        before = (above - bound.keys()) | {name for name, found in bound.items() if found == {True}}
        bound = {}

        def bind(target: ast.expr, is_one: bool, bound: Bound = bound) -> None:
            names = target.elts[:1] if isinstance(target, ast.Tuple) else [target]
            for name in names:
                bound.setdefault(ast.unparse(name), set()).add(is_one)

        args = getattr(scope, "args", None)
        for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs) if args is not None else ():
            bound[arg.arg] = {arg.annotation is not None and GUARDED in ast.unparse(arg.annotation)}
        for node in nodes:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                bind(node.target, GUARDED in ast.unparse(node.annotation))
            elif isinstance(node, ast.Assign):
                bind(node.targets[0], _is_guarded(node.value, before, fields))
            elif isinstance(node, ast.NamedExpr):
                bind(node.target, _is_guarded(node.value, before, fields))
            elif isinstance(node, ast.withitem) and node.optional_vars is not None:
                bind(node.optional_vars, _is_guarded(node.context_expr, before, fields))
            elif isinstance(node, (ast.For, ast.comprehension)):
                bind(node.target, False)
    return bound


def _is_guarded(node: ast.expr, known: frozenset[str] | set[str], fields: Bound) -> bool:
    text = ast.unparse(node)
    if text in known:
        return True
    if isinstance(node, ast.Call):
        function = ast.unparse(node.func).rpartition(".")[2]
        if (
            ast.unparse(node.func) == f"{GUARDED}.open"
            or _facts().givers.get(function) == {True}
            or function == "folder"
        ):
            return True
        return function == "enter_context" and _is_guarded(node.args[0], known, fields)
    if isinstance(node, ast.IfExp):
        return _is_guarded(node.body, known, fields) and _is_guarded(node.orelse, known, fields)
    if isinstance(node, ast.Attribute):
        known_fields, givers = _facts().fields, _facts().givers
        return fields.get(node.attr, known_fields.get(node.attr, givers.get(node.attr))) == {True}
    return False

"""The documents say what the program does: commands, options, exit codes, and an example that runs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.main import get_command

from s3sync import errors
from s3sync.cli.app import app
from s3sync.cli.options import EXIT_CODES
from tests.kit.people import Person
from tests.scenarios.cli.conftest import NewPerson

DOCS = Path(__file__).parents[3] / "docs"
ROOT: Any = get_command(app)


def leaves() -> Iterator[tuple[str, Any]]:
    """Every command that does something: of a group, each of its words."""
    for name, command in ROOT.commands.items():
        words = getattr(command, "commands", None)
        yield from ((f"{name} {word}", one) for word, one in words.items()) if words else [(name, command)]


COMMANDS = dict(leaves())


def section(command: str) -> str:
    text = (DOCS / "commands.md").read_text("utf-8")
    head = f"\n{'###' if ' ' in command else '##'} s3sync {command}\n"
    assert head in text, f"docs/commands.md has no section on {command}"
    return re.split("\n##", text.split(head)[1])[0]


def shown(command: str) -> list[Any]:
    return [param for param in COMMANDS[command].params if not getattr(param, "hidden", False)]


def test_every_command_is_documented_and_no_other() -> None:
    text = (DOCS / "commands.md").read_text("utf-8")
    assert set(re.findall(r"^## s3sync (\S+)$", text, re.MULTILINE)) == set(ROOT.commands)
    assert set(re.findall(r"^\| \[`s3sync (\S+)`\]", text, re.MULTILINE)) == set(ROOT.commands)
    words = {name for name in COMMANDS if " " in name}
    assert set(re.findall(r"^### s3sync (.+)$", text, re.MULTILINE)) == words


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_is_documented_and_no_other(command: str) -> None:
    documented = {name for row in option_rows(section(command)) for name in row}
    common = section(command).partition("of the [common options](#common-options): ")[2]
    for name in re.findall(r"`(--[\w-]+)`", common.partition("\n\n")[0]):
        (row,) = [row for row in option_rows(common_options()) if name in row]
        documented |= row
    options = {name for param in shown(command) for name in param.opts if name.startswith("-")}
    assert documented == options | {"--help"}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_value_of_an_option_is_named_as_in_its_help(command: str) -> None:
    text = section(command) + common_options()
    for param in shown(command):
        if param.opts[0].startswith("-") and param.metavar:
            assert f"`{max(param.opts, key=len)} {param.metavar}`" in text


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_its_usage_an_example_and_its_exit_codes(command: str) -> None:
    text = section(command)
    arguments = [param.metavar for param in shown(command) if not param.opts[0].startswith("-")]
    assert " ".join(["\n    s3sync", command, *arguments]) + "\n" in text
    assert len(re.findall(rf"^    s3sync {command}\b", text, re.MULTILINE)) >= 2
    codes = re.findall(r"^  (\d+)  ", COMMANDS[command].epilog, re.MULTILINE)
    stated = text.partition("\nExit codes: ")[2]
    assert re.findall(r"\b\d+\b", re.sub(r"\(.*?\)", "", stated, flags=re.DOTALL)) == codes


def option_rows(text: str) -> list[set[str]]:
    """The names of each option that a table of the text explains."""
    return [set(re.findall(r"`(-[\w-]+)", row)) for row in re.findall(r"^\| (`-.*?) \|", text, re.MULTILINE)]


def common_options() -> str:
    return (DOCS / "commands.md").read_text("utf-8").split("\n## Common options\n")[1].split("\n## ")[0]


def test_the_exit_codes_are_documented_and_no_other() -> None:
    text = (DOCS / "exit-codes.md").read_text("utf-8")
    documented = {int(code) for code in re.findall(r"^\| [`*]*(\d+)[`*]* \|", text, re.MULTILINE)}
    assert {error.exit_code for error in error_tree().values()} <= set(EXIT_CODES)
    assert documented == set(EXIT_CODES)


def test_every_error_is_documented_with_its_exit_code() -> None:
    text = (DOCS / "exit-codes.md").read_text("utf-8")
    rows = re.findall(r"^\| (`[A-Z]\w+`(?:, `\w+`)*) \| (\d+) \|", text, re.MULTILINE)
    documented = {name: int(code) for names, code in rows for name in re.findall(r"\w+", names)}
    assert documented == {name: kind.exit_code for name, kind in error_tree().items()}


def test_the_errors_and_their_docstring_are_the_same_tree() -> None:
    drawn = dict(re.findall(r"^[|`\- ]*(\w+) +(?:exit (\d+))?", errors.__doc__ or "", re.MULTILINE))
    del drawn["Every"]
    assert set(drawn) == set(error_tree())
    assert {name: int(code) for name, code in drawn.items() if code} == {
        name: kind.exit_code for name, kind in error_tree().items() if "exit_code" in vars(kind)
    } | {"LocalError": 1, "StoreError": 1, "ManifestError": 1, "ArchiveError": 1, "DatabaseError": 1}


def error_tree() -> dict[str, type[errors.S3syncError]]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.S3syncError)]
    return {kind.__name__: kind for kind in kinds}


def test_the_python_example_runs(david: Person, new_person: NewPerson) -> None:
    jan = new_person("jan", XDG_DATA_HOME=str(david.root / "home" / ".local" / "share"))
    (jan.staging / "draft.mp4").rename(jan.staging / "audio.wav")
    jan.ok("up")
    code = re.findall(r"^```python\n(.*?)^```", (DOCS / "python-api.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)[
        0
    ]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=david.repo, env=david.env(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout.splitlines() == [
        "audio.wav remote_new 13 jan",
        "draft.mp4 local_new 13 None",
        "['draft.mp4'] 13",
    ]
    assert set(david.files()) == {"draft.mp4", "audio.wav"}


def test_every_message_of_the_troubleshooting_page_is_one_that_the_program_says() -> None:
    said = {
        node.value
        for path in (DOCS.parent / "s3sync").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    rows = re.findall(r"^\| (.*?) \|", (DOCS / "troubleshooting.md").read_text("utf-8"), re.MULTILINE)
    quoted = [message for row in rows for message in re.findall("`([^`]+)`", row)]
    assert len(quoted) >= 25
    for message in quoted:
        for piece in re.split("[…:⚠]", message):
            assert any(piece.strip() in text for text in said), f"nothing says {piece.strip()!r} of {message!r}"


def test_every_link_of_the_documents_leads_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]
    anchors = {path: set(map(anchor, headings(path))) for path in pages}
    for page in pages:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            if not re.match("[a-z]+:", target):
                name, _, part = target.partition("#")
                path = (page.parent / name).resolve() if name else page
                assert path.exists(), f"{page.name} links to {target}"
                assert not part or part in anchors[path], f"{page.name} links to {target}, which is no heading"


def test_every_page_is_linked_from_the_readme() -> None:
    linked = re.findall(r"\]\(docs/([\w-]+\.md)", (DOCS.parent / "README.md").read_text("utf-8"))
    assert {page.name for page in DOCS.glob("*.md")} == set(linked)


def test_the_page_on_security_names_what_is_run_and_where_the_user_has_data() -> None:
    said = (DOCS / "security.md").read_text("utf-8")
    sources = [path.read_text("utf-8") for path in (DOCS.parent / "s3sync").rglob("*.py")]

    def found(pattern: str) -> set[str]:
        return {name for text in sources for name in re.findall(pattern, text, re.MULTILINE)}

    programs = found(r'\bprogram\("(\w+)"\)') - {"systemctl"}  # only looked for
    assert {"git", "crontab", "az"} <= programs and "Azure CLI" in said
    assert not [name for name in programs - {"az"} if not re.search(rf"\b{name}\b", said, re.IGNORECASE)]
    ours = found(r'^(?:FOLDER|CLONES)(?:, \w+)* = "(\w+)"') - {"assets"}  # files of a page
    assert {"trust", "archive"} <= ours
    assert not [name for name in ours if f"`{name}/" not in said]


def headings(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def anchor(heading: str) -> str:
    """The name that a heading can be linked by, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_picture_of_a_terminal_asks_no_other_server() -> None:
    text = (DOCS / "terminal.svg").read_text("utf-8")
    ElementTree.fromstring(text)
    shown = re.sub(r"<!--.*?-->|xmlns=\S+", "", text, flags=re.DOTALL)
    assert "http" not in shown and "href" not in shown
    assert "Summary:&#160;uploaded&#160;2&#160;files" in shown

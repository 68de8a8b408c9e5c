"""Figures of the archive jobs as a section of docs/benchmarks.md, in which each job stands by itself."""

from __future__ import annotations

import re
from pathlib import Path

from benchlib.lab import Lab
from benchlib.report import Circumstances, cells, markdown_table, tool_names

PREFIX = "(?:archive|media)-"
HEADING = "## Archives"
PREFACE = """\
Written by `scripts/bench JOB --output docs/benchmarks.md`: a folder packed uncompressed and sent by s3sync, with the
SHA-256 of each member, beside `tar | s5cmd pipe`; restored as a whole and in part; many units of a few files; and what
a catalogue of ten million members answers. The column `ours / best` compares with `tar | s5cmd` alone, as the others
compress. Seconds are medians, and depend on the computer."""


def is_of_archives(job: str) -> bool:
    return job.startswith(("archive-", "media-"))


def section_of(document: str) -> str:
    """The section of a document that was written before, to be kept."""
    found = re.search(rf"^{HEADING}\n.*?(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


def write(path: Path, lab: Lab, circumstances: Circumstances, jobs: list[str]) -> None:
    """Put the figures of jobs into the document, in the place of their old ones."""
    document = path.read_text(encoding="utf-8") if path.exists() else "# Benchmarks\n"
    before = section_of(document)
    known = dict(re.findall(rf"^### ({PREFIX}\S+)\n(.*?)(?=^### |\Z)", before, re.MULTILINE | re.DOTALL))
    known |= {job: _told(lab, circumstances, job) for job in jobs if is_of_archives(job)}
    rest = re.search(rf"^### (?!{PREFIX}).*", before, re.MULTILINE | re.DOTALL)
    told = [f"### {job}\n{known[job].rstrip()}\n" for job in sorted(known)]
    after = "\n".join([f"{HEADING}\n\n{PREFACE}\n", *told, *([rest[0]] if rest else [])]).rstrip() + "\n\n"
    document = document.replace(before, after) if before else f"{document.rstrip()}\n\n{after}"
    path.write_text(document.rstrip() + "\n", encoding="utf-8")


def _told(lab: Lab, circumstances: Circumstances, job: str) -> str:
    rows = [row for row in lab.rows if row.job == job or row.job.startswith(f"{job} ")]
    tools = tool_names(rows)
    table = [["job", "measure", *tools, "ours / best", "budget", ""], *(cells(row, tools) for row in rows)]
    parts = [
        "",
        "\n".join(f"- {line}" for line in circumstances.lines(lab.sizes)),
        markdown_table(table) if rows else "no figures",
    ]
    asked = [
        f"- {of}, {tool}: `{command}`"
        for (of, tool), command in lab.commands.items()
        if of == job or of.startswith(f"{job} ")
    ]
    if asked:
        parts.append("<details><summary>What each tool was asked</summary>\n\n" + "\n".join(asked) + "\n\n</details>")
    failed = [failure for failure in lab.failures if failure.startswith(job)]
    if failed:
        parts.append("Failed:\n\n" + "\n".join(f"- {failure}" for failure in failed))
    return "\n".join([parts[0], "\n\n".join(parts[1:]), ""])

"""s3sync beside rclone, s5cmd and the AWS command line, on a SeaweedFS that is started and stopped here.

A full run prints its table and writes docs/benchmarks.md. --quick and single jobs only print, unless --output names a
file. With --line the jobs are those of people far from their bucket, over a line of that kind, and what it writes is
that line's section of docs/benchmarks.md. Run it by scripts/bench, which makes the environment.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
sys.path.insert(0, str(ROOT))

from benchlib import (  # noqa: E402
    archive_catalogue,
    archive_report,
    archives,
    batch_scale,
    breaking,
    line_report,
    media_rows,
    report,
    timed,
    wire,
)
from benchlib.archive_tools import missing, peers_of  # noqa: E402
from benchlib.lab import MIB, QUICK, Lab, Sizes  # noqa: E402
from benchlib.lines import LINE_JOBS, QUICK_LINE, Bench, LineSizes, cost_of_the_line  # noqa: E402
from benchlib.measure import CommandFailed  # noqa: E402
from benchlib.tools import Aws, Peer, Rclone, S5cmd, program  # noqa: E402

from tests.kit.line import LINES  # noqa: E402
from tests.kit.servers import SeaweedFS  # noqa: E402

BREAKING = "breaking"
JOBS: dict[str, Callable[[Lab], None]] = {
    "small-up": timed.small_up,
    "small-down": timed.small_down,
    "nothing": timed.nothing,
    "large-up": timed.large_up,
    "large-down": timed.large_down,
    "delta": wire.delta,
    "rename": wire.rename,
    "resume": wire.resume,
    "startup": timed.startup,
    "growth": timed.growth,
    "archive-large": archives.archive_large,
    "archive-small": archives.archive_small,
    "archive-large-down": archives.archive_large_down,
    "archive-small-down": archives.archive_small_down,
    "archive-units": archives.archive_units,
    "archive-scale": archive_catalogue.archive_scale,
    "archive-fits": archive_catalogue.archive_fits,
    "batch-scale": batch_scale.batch_scale,
    media_rows.JOB: media_rows.media_rows,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    line_jobs = f"with --line of {', '.join(LINE_JOBS)}, and {BREAKING} only by its name"
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"of {', '.join(JOBS)}; {line_jobs} (default: all)")
    parser.add_argument("--line", choices=[*LINES, "all"], help="measure over a line: near, home, far, or none between")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: two minutes")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of the timed jobs (default: 3; --quick: 1)")
    parser.add_argument(
        "--files", type=int, metavar="N", help="files of archive-small, rows of media-rows (default: 10000)"
    )
    parser.add_argument("--clips", type=int, metavar="N", help="files of archive-large, of 20 MiB (default: 50)")
    parser.add_argument("--units", type=int, metavar="N", help="units of archive-units (default: 200)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the report there")
    given = parser.parse_args()
    known = [*LINE_JOBS, BREAKING] if given.line else list(JOBS)
    if unknown := [job for job in given.jobs if job not in known]:
        parser.error(f"no such job: {', '.join(unknown)} (there are: {', '.join(known)})")
    if BREAKING in given.jobs and (given.jobs != [BREAKING] or given.line == "all"):
        parser.error(f"{BREAKING} is run alone, and on one line")
    for name in ("rounds", "files", "clips", "units"):
        if (number := getattr(given, name)) is not None and number < 1:
            parser.error(f"--{name} takes 1 or more")
    return given


def sizes(given: argparse.Namespace) -> Sizes:
    said = {"rounds": given.rounds, "archived": given.files, "clips": given.clips, "units": given.units}
    return replace(QUICK if given.quick else Sizes(), **{name: one for name, one in said.items() if one is not None})


def versions(folder: Path) -> dict[str, str]:
    def first_line(*argv: str) -> str:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()[0]

    with SeaweedFS() as server:
        kinds: list[type[Peer]] = [Rclone, S5cmd, Aws, *peers_of()]
        peers = [kind(server, folder / f"{number}") for number, kind in enumerate(kinds)]
    found = {tool.name: tool.version_text().removeprefix("rclone ") for tool in peers}
    python = f"Python {sys.version.split()[0]}"
    return {
        "s3sync": f"{first_line(program('s3sync'), '--version')}, {python}",
        **found,
        **dict.fromkeys(missing(), "not installed, so it is not among the peers"),
        "SeaweedFS": first_line(program("weed"), "version"),
    }


def measure_lines(given: argparse.Namespace) -> int:
    chosen = QUICK_LINE if given.quick else LineSizes()
    chosen = chosen if given.rounds is None else replace(chosen, rounds=given.rounds)
    with tempfile.TemporaryDirectory(prefix="s3sync-bench-") as folder:
        lab = Lab(Path(folder) / "work", sizes(given))
        lab.work.mkdir()
        circumstances = report.Circumstances(versions(Path(folder) / "versions"))
        if given.jobs == [BREAKING]:
            large, small = (64 * MIB, 100) if given.quick else (breaking.LARGE, breaking.SMALL_FILES)
            found = breaking.breaking(lab, LINES[given.line], large, small)
            output = given.output or (None if given.quick else DOCUMENT)
            if output:
                line_report.write(output, BREAKING, breaking.section(found, given.line, circumstances))
            return 0
        cost = "" if given.quick else cost_of_the_line(lab)
        for name in LINES if given.line == "all" else [given.line]:
            bench = Bench(lab, name, chosen)
            for job in given.jobs or list(LINE_JOBS):
                began = time.monotonic()
                try:
                    LINE_JOBS[job](bench)
                except (CommandFailed, AssertionError) as error:
                    lab.failures.append(f"{name}, {job}: {' '.join(str(error).split())}")
                lab.say(f"{name}, {job} took {time.monotonic() - began:.0f} s")
            print(line_report.text(bench), end="\n\n", flush=True)
            output = given.output or (None if given.quick or given.jobs else DOCUMENT)
            if output:
                line_report.write(output, name, line_report.section(bench, circumstances, cost))
    print("\n".join([cost, line_report.failures(lab)]).strip())
    return 1 if lab.failures else 0


def write(output: Path, lab: Lab, circumstances: report.Circumstances, jobs: list[str]) -> None:
    """Write the report; jobs on archives have a section of their own, and if there are no others just that."""
    others = [job for job in jobs if not archive_report.is_of_archives(job)]
    output.parent.mkdir(parents=True, exist_ok=True)
    if others:
        before = output.read_text(encoding="utf-8") if output.exists() else ""
        kept = [line_report.lines_of(before), archive_report.section_of(before)]
        rows = [row for row in lab.rows if not archive_report.is_of_archives(row.job)]
        asked = {key: text for key, text in lab.commands.items() if not archive_report.is_of_archives(key[0])}
        plain = replace(lab, rows=rows, commands=asked)
        output.write_text("\n".join([report.markdown(plain, circumstances), *kept]).rstrip() + "\n", encoding="utf-8")
    if len(others) < len(jobs):
        archive_report.write(output, lab, circumstances, jobs)


def main() -> int:
    given = arguments()
    if given.line:
        return measure_lines(given)
    jobs = given.jobs or list(JOBS)
    with tempfile.TemporaryDirectory(prefix="s3sync-bench-") as folder:
        lab = Lab(Path(folder) / "work", sizes(given))
        lab.work.mkdir()
        circumstances = report.Circumstances(versions(Path(folder) / "versions"))
        for name in jobs:
            lab.say(name)
            began = time.monotonic()
            try:
                JOBS[name](lab)
            except (CommandFailed, AssertionError) as error:
                lab.failures.append(f"{name}: {' '.join(str(error).split())}")
            lab.say(f"{name} took {time.monotonic() - began:.0f} s")
    print(report.text(lab, circumstances))
    full = not given.quick and not given.jobs
    output = given.output or (DOCUMENT if full else None)
    if output:
        write(output, lab, circumstances, jobs)
        print(f"\nwritten: {output}")
    return 1 if lab.failures else 0


if __name__ == "__main__":
    sys.exit(main())

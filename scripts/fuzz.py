"""Run the targets of tests/promises/hostile/targets.py under atheris, each in a process of its own."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / ".fuzz"
MOST_BYTES = 4096


def main() -> int:
    sys.path.insert(0, str(ROOT))
    if sys.argv[1:2] == ["--one"]:
        return one(sys.argv[2], sys.argv[3:])
    from tests.promises.hostile.targets import TARGETS

    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="for all targets together (default: %(default)s)")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of: {', '.join(TARGETS)}")
    asked = parser.parse_args()
    unknown = set(asked.targets) - TARGETS.keys()
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    names = asked.targets or list(TARGETS)
    failed = [name for name in names if not fuzz(name, round(asked.minutes * 60 / len(names)) or 1)]
    return 1 if failed else 0


def fuzz(name: str, seconds: int) -> bool:
    """Run one target, say how many executions and what was found, and whether nothing was."""
    from tests.promises.hostile.seeds import SEEDS

    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS.get(name, [])):
        (corpus / f"seed-{number}").write_bytes(seed)
    log = CORPUS / f"{name}.log"
    command = [sys.executable, __file__, "--one", name, str(corpus), f"-max_total_time={seconds}"]
    command += [f"-max_len={MOST_BYTES}", "-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={CORPUS}/{name}-"]
    with log.open("wb") as stream:
        code = subprocess.run([*command, "-print_final_stats=1"], stdout=stream, stderr=stream, check=False).returncode
    text = log.read_text(errors="replace")
    ran = re.findall(r"(?:stat::number_of_executed_units:\s+|^Done )(\d+)", text, re.MULTILINE)
    known = len(list(corpus.iterdir()))
    print(f"{name:<10} {int(ran[-1]) if ran else 0:>10,} executions, {known:>5} inputs kept, ", end="")
    print("nothing found" if code == 0 else f"FOUND: see {log} and {CORPUS}/{name}-*", flush=True)
    return code == 0


def one(name: str, arguments: list[str]) -> int:
    import atheris

    with atheris.instrument_imports(include=["s3sync"]):
        from tests.promises.hostile.targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())

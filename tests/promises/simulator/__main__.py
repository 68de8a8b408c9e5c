"""Two or three users at work, simulated: story after story until the time is over or a promise breaks."""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from hashlib import md5

from tests.promises.simulator import lab
from tests.promises.simulator.clouds import KINDS, Cloud
from tests.promises.simulator.invariants import Violation
from tests.promises.simulator.story import MOST_TRIES, Story, make_story, read_stories, run, shortest

STEPS = 30
"""Steps of one story."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--minutes", type=float, metavar="N", help="go on for so long (default: 1)")
    parser.add_argument("--seed", type=int, metavar="S", help="just the story of this seed; with --steps, from it on")
    parser.add_argument("--steps", type=int, metavar="N", help="go on until so many steps were done")
    parser.add_argument("--users", type=int, choices=(1, 2, 3), metavar="N", help="default: 2 or 3, by the seed")
    parser.add_argument("--stories", action="store_true", help="tell the stories that stdin holds as JSON, by name")
    parser.add_argument("--plain", action="store_true", help="only the steps of the first stories, for seeds from then")
    parser.add_argument("--moves", action="store_true", help="without trash, undo and the like, for seeds from then")
    parser.add_argument("--apart", action="store_true", help="without locks, pins and the like, for seeds from then")
    parser.add_argument("--old", action="store_true", help="without queue, select, organize, copy, for seeds from then")
    parser.add_argument("--store", choices=KINDS, help="keep the store in a cloud's emulator instead of a folder")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    parser.add_argument("--tries", type=int, default=MOST_TRIES, metavar="N", help="for the shortest story that fails")
    parser.add_argument("--keep-going", action="store_true", help="after a failure go on with the next seed")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    lab.set_up()
    with Cloud(given.store) if given.store else nullcontext() as lab.Knobs.cloud:
        return _stories(given)


def _stories(given: argparse.Namespace) -> int:
    if given.stories:
        print(json.dumps({name: _told(story) for name, story in read_stories(sys.stdin.buffer.read()).items()}))
        return 0
    counted: Counter[str] = Counter()
    began = time.monotonic()
    single = given.seed is not None and given.steps is None and given.minutes is None
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(2**32)
    minutes = given.minutes if given.minutes is not None or given.steps is not None else 1.0
    failures = 0
    ending = md5(usedforsecurity=False)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    while True:
        try:
            failed = _one(seed, given, counted, ending.update)
        except KeyboardInterrupt:
            break
        failures += failed
        spent = time.monotonic() - began
        done = (minutes is not None and spent >= minutes * 60) or (given.steps and counted["steps"] >= given.steps)
        if single or done or (failed and not given.keep_going):
            break
        seed += 1
    counts = {
        **counted,
        "seconds": round(time.monotonic() - began, 1),
        "failures": failures,
        "last seed": seed,
        "digest": ending.hexdigest(),
    }
    print(json.dumps(counts, indent=2, sort_keys=True) if given.json else _text(counts))
    return 1 if failures else 0


def _told(story: Story) -> str | None:
    """The promise that it breaks, if any."""
    try:
        run(story)
    except Violation as violation:
        return str(violation)
    return None


def _one(seed: int, given: argparse.Namespace, counted: Counter[str], ended: Callable[[bytes], None]) -> bool:
    """Whether the story of a seed broke a promise; then it is told, as short as it can be."""
    until = "moves" if given.plain else "ways back" if given.moves else "together" if given.apart else ""
    until = until or ("beside" if given.old else "")
    story = make_story(seed, STEPS, given.users, until=until)
    try:
        counts, ending = run(story)
        counted += counts
        ended(ending.encode())
    except Violation as first:
        if given.store:  # where the search takes many minutes
            print(f"seed {seed} breaks a promise: {first}", file=sys.stderr, flush=True)
        short, error = shortest(story, tries=min(60, given.tries) if given.store else given.tries)
        extra = f" --users {given.users}" if given.users else ""
        extra += " --plain" if given.plain else " --moves" if given.moves else " --apart" if given.apart else ""
        extra += " --old" if given.old else ""
        extra += f" --store {given.store}" if given.store else ""
        print(
            f"\nseed {seed} breaks a promise: {first}\n\nThe shortest story that breaks one:\n{short}\n\n"
            f"-> {error or first}\n\nAgain: scripts/simulate --seed {seed}{extra}\nAs a test: {short!r}\n",
            file=sys.stderr,
            flush=True,
        )
        return True
    return False


def _text(counts: dict[str, object]) -> str:
    return "\n".join(f"{name:>16}  {counts[name]}" for name in sorted(counts))


if __name__ == "__main__":
    sys.exit(main())

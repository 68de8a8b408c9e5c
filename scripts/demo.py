"""Two people share a folder: david and jan exchange real media files through `s3sync`, and nothing is lost.

Usage: scripts/demo [--s3] [--archive]. Without --s3 the embedded folder store is used; with it, a SeaweedFS that is
started and stopped here. --archive adds how the finished film is archived and comes back. Everything happens in a
temporary folder, and the commands shown are the ones that run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.kit.media import media_files  # noqa: E402
from tests.kit.people import PROJECT, REPO, Person  # noqa: E402
from tests.kit.servers import SeaweedFS  # noqa: E402


@contextmanager
def a_store(on_s3: bool, folder: Path) -> Iterator[tuple[list[str], dict[str, dict[str, str]]]]:
    """The flags for `init`, and the environment of each person."""
    if not on_s3:
        shared = {"XDG_DATA_HOME": str(folder / "data")}
        yield [], {"david": shared, "jan": shared}
        return
    say("Starting a SeaweedFS on this computer ...")
    with SeaweedFS() as server:
        flags = ["--store", f"s3://{server.bucket}", "--endpoint", server.endpoint_url]
        environments = {name: server.environment(name) for name in ("david", "jan")}
        for environment in environments.values():
            environment.pop("AWS_ENDPOINT_URL", None)
        yield flags, environments
    say("\nSeaweedFS is stopped.")


def say(text: str) -> None:
    print(text, flush=True)


def scene(title: str) -> None:
    say(f"\n== {title}")


def show(person: Person, *words: str, answer: str | None = None, expect: int = 0, cwd: Path | None = None) -> None:
    """Run a command as that person, and show it with everything it prints."""
    say(f"\n{person.name}$ s3sync {' '.join(words)}")
    done = subprocess.run(
        [sys.executable, "-m", "s3sync", *words],
        cwd=cwd or person.project,
        env=person.env(),
        input=answer or "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    output = done.stdout if answer is None else done.stdout.replace("[y/N] ", f"[y/N] {answer}", 1)
    say(output.rstrip())
    if done.returncode != expect:
        raise SystemExit(f"demo: expected exit code {expect}, got {done.returncode}")
    if expect:
        say(f"(exit code {expect})")


def edit(person: Person, name: str, source: Path) -> None:
    """Save other media under a name, as an editing program would."""
    target = person.staging / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    say(f"\n{person.name} saves s3-staging/{name}  (from {source.name})")


def story(david: Person, jan: Person, flags: list[str]) -> None:
    clips = [path for path in media_files() if path.suffix == ".mp4"]
    sounds = [path for path in media_files() if path.suffix == ".wav"]
    pictures = [path for path in media_files() if path.suffix == ".jpg"]

    scene("Both set up their clone of the repository")
    for person in (david, jan):
        show(person, "init", PROJECT, *flags, "--user", person.name, cwd=person.repo)

    scene("David puts a draft there and uploads it")
    edit(david, "draft.mp4", clips[0])
    edit(david, "stills/Poster é 🎬.jpg", pictures[0])
    show(david, "status")
    show(david, "up")

    scene("Jan fetches it, adds the sound, and sends that back")
    show(jan, "status")
    show(jan, "down")
    edit(jan, "audio/mix.wav", sounds[0])
    show(jan, "up")
    show(david, "down")

    scene("An edit each way")
    edit(david, "draft.mp4", clips[1])
    show(david, "up")
    edit(jan, "audio/mix.wav", sounds[1])
    show(jan, "status")
    show(jan, "sync")
    show(david, "sync")

    scene("Both change the same file: a warning, and nothing is overwritten")
    edit(david, "draft.mp4", clips[2])
    show(david, "up")
    edit(jan, "draft.mp4", clips[3])
    show(jan, "up", expect=4)
    show(jan, "status")

    scene("Jan keeps both, and David gets both")
    show(jan, "sync", expect=4)
    show(david, "sync")
    if david.files() != jan.files():
        raise SystemExit("demo: the two folders differ")
    say("\nBoth folders hold the same bytes:")
    for name, digest in david.files().items():
        say(f"  {digest[:16]}  {name}")

    scene("The film is done: David cleans up, and his own files stay")
    show(david, "cleanup", answer="y\n")
    show(david, "status")


def archiving(david: Person, flags: list[str], folder: Path) -> None:
    store = f"{flags[1]}/archive" if flags else (folder / "vault").as_uri()
    before = david.files()

    scene("Half a year later: David archives the film, and it leaves his disk after proof")
    show(david, "archive", "init", "--preset", "projects", "--store", store, cwd=david.repo)
    show(david, "archive", "run", PROJECT, "--delete-local", "--dry-run", cwd=david.repo)
    show(david, "archive", "run", PROJECT, "--delete-local", cwd=david.repo)

    scene("What is archived is known without asking the store")
    show(david, "archive", "list", cwd=david.repo)
    show(david, "archive", "find", "mix.wav", cwd=david.repo)

    scene("One file is needed again, and then all")
    show(david, "restore", PROJECT, "--member", "s3-staging/audio/mix.wav", cwd=david.repo)
    show(david, "restore", PROJECT, cwd=david.repo)
    show(david, "archive", "verify", PROJECT, "--deep", cwd=david.repo)
    if david.files() != before:
        raise SystemExit("demo: the restored folder is not what was archived")
    say("\nThe restored folder holds the same bytes as before.")

    scene("Where everything stands: one page, for any browser")
    show(david, "dashboard", cwd=david.repo)


def environment_for(folder: Path, environments: Mapping[str, Mapping[str, str]]) -> tuple[Person, Person]:
    people = []
    for name in ("david", "jan"):
        person = Person(name, folder / name, environments[name])
        subprocess.run(["git", "init", "-q", str(person.repo)], check=False)
        people.append(person)
    return people[0], people[1]


def main() -> int:
    options = sys.argv[1:]
    if len(set(options)) < len(options) or not {*options} <= {"--s3", "--archive"}:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="s3sync-demo-") as name:
        folder = Path(os.path.realpath(name))
        with a_store("--s3" in options, folder) as (flags, environments):
            david, jan = environment_for(folder, environments)
            say(f"Two people, two clones of {REPO}, one store: {flags[1] if flags else 'the embedded folder store'}")
            story(david, jan, flags)
            if "--archive" in options:
                archiving(david, flags, folder)
    say("\nThat was all: no byte was lost. Next: README.md, 'Five minutes'.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Real exFAT and NTFS disks in files, mounted with FUSE: what the simulated ones may get wrong shows on these."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

_SIZE = 64 * 1024 * 1024
_MAKE = {"exfat": ["mkfs.exfat"], "ntfs": ["mkntfs", "--force", "--quick", "--quiet"]}
_MOUNT = {"exfat": ["mount.exfat-fuse", "-o", "umask=022"], "ntfs": ["ntfs-3g", "-o", "windows_names,umask=022"]}
KINDS = list(_MAKE)


@contextmanager
def mounted(kind: str, folder: Path) -> Iterator[Path]:
    """A fresh disk of that kind below `folder`. Skips where there is no FUSE; under CI=true that is a failure."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    for program in (_MAKE[kind][0], _MOUNT[kind][0], "losetup", "umount"):
        if os.name == "nt" or shutil.which(program, path=path) is None:
            _missing(f"there is no {program} (Debian: exfat-fuse, exfatprogs, ntfs-3g)")
    if not Path("/dev/fuse").exists():
        _missing("there is no /dev/fuse")
    image, point = folder / f"{kind}.img", folder / kind
    with image.open("wb") as file:
        file.truncate(_SIZE)
    point.mkdir()
    with ExitStack() as undo:
        _run([*_MAKE[kind], str(image)])
        device = _run(["losetup", "--find", "--show", str(image)]).strip()
        undo.callback(_run, ["losetup", "--detach", device])
        _run([*_MOUNT[kind], device, str(point)])
        undo.callback(_run, ["umount", "--lazy", str(point)])
        yield point


def _run(words: list[str]) -> str:
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    done = subprocess.run([*as_root, *words], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        _missing(f"{words[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

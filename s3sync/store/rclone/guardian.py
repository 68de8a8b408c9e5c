"""Watch over rclone: started by `daemon.py` as a program of its own, with nothing but the standard library.

Arguments: a folder to remove in the end, the bytes of memory that rclone may take, and the command. Standard input is a
pipe from the process that uses rclone: when that ends, however it ends, the pipe does, and rclone is stopped. Ends with
rclone's status if rclone ends first.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading

PATIENCE_S = 3.0


def main(folder: str, memory: int, command: list[str]) -> int:
    """Run the command until it ends or nobody needs it any more. Returns its status."""
    _bound(memory)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")
    threading.Thread(target=_stop_with_the_pipe, args=(child, folder), daemon=True).start()
    status = child.wait()
    shutil.rmtree(folder, ignore_errors=True)
    return status


def _bound(memory: int) -> None:
    """Have the system refuse more memory: rclone reads what a server lists to its end. Only Linux counts so."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_DATA)[1]
        if most == resource.RLIM_INFINITY or most > memory:
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def _stop_with_the_pipe(child: "subprocess.Popen[bytes]", folder: str) -> None:
    while os.read(0, 4096):
        pass
    with contextlib.suppress(OSError):
        child.terminate()
        try:
            child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # the pipe says when to stop
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))

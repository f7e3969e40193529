"""Runs a command that must not outlive its parent: `python -IS guard.py PARENT SIGNAL UID GID -- command …`.

It drops to UID:GID (-1 = stay), asks the kernel for SIGNAL when the parent dies, checks that the parent is
still there, and becomes the command. It imports next to nothing, so it costs about 15 ms; it is a script of its own
because code between fork and exec is not safe in a process with threads.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Become the command after `--`; exits 70 when the parent is gone already."""
    parent, death_signal, uid, gid = (int(value) for value in argv[:4])
    command = argv[5:]
    # Before setuid: the other account may not be able to read our Python installation.
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After setuid: the kernel clears the request when the credentials change.
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(70)
    os.execvpe(command[0], command, os.environ)  # noqa: S606  (becoming the given command is the point)


if __name__ == "__main__":
    main(sys.argv[1:])

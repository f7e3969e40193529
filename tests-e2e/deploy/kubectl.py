"""A kubectl that renders as the real one does, and hands everything else to the cluster of the test.

It is run as a program by the scripts of the tree: `python kubectl.py REAL SOCKET ARGUMENTS…`.
"""

import json
import socket
import subprocess
import sys
from pathlib import Path

PROGRAM = '#!/bin/sh\nexec "{python}" -S "{program}" "{real}" "{socket}" "$@"\n'


def install(folder: Path, real: str, door: Path) -> Path:
    """The program for the scripts' KUBECTL."""
    program = folder / "kubectl"
    program.write_text(PROGRAM.format(python=sys.executable, program=__file__, real=real, socket=door))
    program.chmod(0o755)
    return program


def main(real: str, door: str, *words: str) -> int:
    """The exit code."""
    if words[0] == "kustomize":
        return subprocess.run([real, *words], check=False).returncode
    file = Path(words[words.index("-f") + 1]).read_text("utf-8") if "-f" in words else ""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(door)
        line.sendall(json.dumps({"words": words, "file": file}).encode() + b"\n")
        with line.makefile() as answer:
            told = json.loads(answer.readline())
    print(told["said"], file=sys.stderr)
    return int(told["code"])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""A kubectl that renders as the real one does, and only writes down what it is asked to do with a cluster.

It is run as a program: `python recorder.py REAL LOG FAILS ARGUMENTS…`; a call whose arguments hold FAILS fails. A line
of the log is the call's words and the names of the documents that its selector takes. Whatever is asked for with `get`
is there.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

PROGRAM = '#!/bin/sh\nexec "{python}" "{recorder}" "{real}" "{log}" "{fails}" "$@"\n'


def install(folder: Path, real: str, fails: str = "nothing") -> tuple[dict[str, str], Path]:
    """The environment for a script of the tree, and the log."""
    log, program = folder / "log", folder / "kubectl"
    log.touch()
    program.write_text(PROGRAM.format(python=sys.executable, recorder=__file__, real=real, log=log, fails=fails))
    program.chmod(0o755)
    return {"PATH": os.environ["PATH"], "KUBECTL": str(program)}, log


def calls(log: Path) -> list[tuple[str, list[str]]]:
    """(words, documents) of each call, in their order."""
    return [tuple(json.loads(line)) for line in log.read_text("utf-8").splitlines()]


def selected(words: list[str]) -> list[str]:
    """`Kind/name` of each document that `apply -f FILE --selector LABEL=VALUE` takes."""
    if "apply" not in words:
        return []
    label, _, value = words[words.index("--selector") + 1].partition("=")
    documents = yaml.load_all(Path(words[words.index("-f") + 1]).read_text("utf-8"), yaml.CSafeLoader)
    return [
        f"{one['kind']}/{one['metadata']['name']}"
        for one in documents
        if one["metadata"].get("labels", {}).get(label) == value
    ]


def main(real: str, log: str, fails: str, *words: str) -> int:
    """The exit code."""
    if words[0] == "kustomize":
        return subprocess.run([real, *words], check=False).returncode
    with Path(log).open("a", encoding="utf-8") as book:
        book.write(json.dumps([" ".join(words), selected(list(words))]) + "\n")
    if "get" in words:
        sys.stdout.write("job.batch/one\n")
    return 1 if fails in " ".join(words) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

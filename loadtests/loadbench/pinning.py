"""The product on half of the cores, and what measures it on the other half: in a rush the generator would take away the
cores that its turns are to be served on.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from loadbench.report import BESIDE


def pin(groups: Mapping[str, Sequence[int]]) -> tuple[int, int]:
    """Moves all threads of the processes, and what they start from now on; what is started here is on the other half.

    Returns the cores of the product, and those that are left; with a single core nothing is moved.
    """
    cores = sorted(os.sched_getaffinity(0))
    half = len(cores) // 2
    if not half:
        return len(cores), 0
    for name, pids in groups.items():
        _move(pids, cores[half:] if name in BESIDE else cores[:half])
    return half, len(cores) - half


def _move(pids: Iterable[int], cores: Sequence[int]) -> None:
    for pid in pids:
        with suppress(FileNotFoundError):  # a server's helpers come and go
            for thread in Path(f"/proc/{pid}/task").iterdir():
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(int(thread.name), cores)

"""CPU time and memory of processes, read from outside."""

from collections.abc import Iterable, Mapping, Sequence

import psutil

MIB = 1024 * 1024


class CpuMeter:
    """CPU of named groups of processes since `start`. The system counts in steps of 10 ms: measure many turns."""

    def __init__(self) -> None:
        self._before: dict[int, float] = {}

    def start(self, groups: Mapping[str, Sequence[int]]) -> None:
        """Counts from now."""
        self._before = {pid: _seconds(pid) for pids in groups.values() for pid in pids}

    def read_ms(self, groups: Mapping[str, Sequence[int]]) -> dict[str, float]:
        """Milliseconds per group; processes that began meanwhile count whole."""
        return {
            name: sum(_seconds(pid) - self._before.get(pid, 0.0) for pid in pids) * 1000
            for name, pids in groups.items()
        }


def rss_mb(pids: Iterable[int]) -> float:
    """Resident memory; what processes share is counted in each."""
    return float(sum(psutil.Process(pid).memory_info().rss for pid in pids)) / MIB


def pss_mb(pids: Iterable[int]) -> float | None:
    """Memory with shared pages split among those who share them; None where the system does not say."""
    try:
        return float(sum(psutil.Process(pid).memory_full_info().pss for pid in pids)) / MIB
    except (psutil.AccessDenied, AttributeError):
        return None


def named_descendants(name: str) -> list[int]:
    """Processes below this one with that program name."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.name() == name:
                found.append(process.pid)
        except psutil.NoSuchProcess:
            continue
    return found


def _seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)

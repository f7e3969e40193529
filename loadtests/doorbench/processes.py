"""What a door's processes use: processor time and memory, from /proc."""

from pathlib import Path

from gateway.door import Door


def family(door: Door) -> list[int]:
    """nginx's master and its workers."""
    master = int((door.state / "nginx.pid").read_text())
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [master, *map(int, children)]


def busy_ms(pids: list[int]) -> float:
    """Milliseconds that these processes were on a processor."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e6


def memory_mb(pids: list[int]) -> dict[str, float]:
    """Their memory: `rss` counts shared pages for each, `pss` once."""
    found = {"Rss": 0, "Pss": 0}
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in found:
                found[name] += int(value.split()[0])
    return {name.lower(): round(kilobytes / 1024, 1) for name, kilobytes in found.items()}

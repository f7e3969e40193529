"""How many live streams one process holds: as many as are wanted, each with so many events a second, all in time."""

from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson

from servicekit.embedded import free_port
from turnbench.children import BenchError, child, http_server
from turnbench.meter import CpuMeter

STREAMS, PER_SECOND, IN_TIME_MS = 1_500, 20, 50.0
_SECONDS = 6
_OPEN_S = 60.0


@dataclass(frozen=True, slots=True)
class ManyStreams:
    """`in_time` is the share of the events that came within IN_TIME_MS; `core` what of one core the process took."""

    streams: int
    in_time: float
    p97_ms: float
    cpu_us: float
    core: float


async def measure_many(root: Path, streams: int = STREAMS) -> ManyStreams:
    """Opens the streams, has their events made, counts. Raises BenchError."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    served = ["turnbench.stream_server", str(port)]
    async with (
        http_server(served, f"{url}/livez", root / "streams.log") as pid,
        child(["turnbench.stream_readers", str(port), str(streams)], root / "readers.log", pipes=True) as readers,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_OPEN_S)) as session,
    ):
        if readers.stdout is None or await readers.stdout.readline() != b"open\n":
            raise BenchError("the streams could not be opened (is the limit of open files high enough?)")
        meter, groups = CpuMeter(), {"streams": [pid]}
        meter.start(groups)
        told = {"turns": streams, "seconds": _SECONDS, "per_second": PER_SECOND}
        async with session.post(f"{url}/tell", params=told) as answer:
            answer.raise_for_status()
        spent_ms = meter.read_ms(groups)["streams"]
        found = orjson.loads(await readers.stdout.readline() or b"{}")
    expected = streams * PER_SECOND * _SECONDS
    if found.get("events") != expected:
        raise BenchError(f"{found.get('events')} of {expected} events came")
    late = found["late_ms"]
    in_time = sum(ms <= IN_TIME_MS for ms in late) / len(late)
    p97 = late[min(len(late) - 1, int(0.97 * len(late)))]
    return ManyStreams(streams, in_time, p97, spent_ms * 1000 / expected, spent_ms / 1000 / _SECONDS)

"""What the front door costs and holds: `make bench-gateway`, two to three minutes, no network.

Cost is measured beside the same service asked directly, in turns in one run; processor time is the least of many
batches, because whoever else uses the machine adds to it and nobody takes away. Beside that: idle streams, thousands of
customers' messages (and those in the files of AIGUY_REAL_MESSAGES), and the rate limit over a minute.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests-e2e"), str(ROOT / "tests-e2e" / "support")]

from doorbench.cost import measure_cost  # noqa: E402 - after the path to what the tests share
from doorbench.messages import count_refused  # noqa: E402
from doorbench.rate import measure_rate  # noqa: E402
from doorbench.streams import measure_streams  # noqa: E402

from onebox.front_door import find_parts  # noqa: E402


async def measure(told: argparse.Namespace) -> tuple[dict[str, Any], dict[str, bool]]:
    """All figures, and for each bar whether it was met."""
    parts = find_parts()
    if parts is None:
        sys.exit("nginx with ModSecurity and CRS is missing (as root: make gateway-install)")
    with tempfile.TemporaryDirectory(prefix="aiguy-door-") as folder:
        state = Path(folder)
        figures: dict[str, Any] = {"cost": await measure_cost(parts, state / "cost", told.requests)}
        figures["streams"] = await measure_streams(parts, state / "streams", told.streams)
        figures["messages"] = await count_refused(parts, state / "messages", told.messages)
        figures["rate"] = await measure_rate(parts, state / "rate", told.seconds)
    met = {f"below 2 ms of processor for {size}": row["cpu_ms"] < 2 for size, row in figures["cost"].items()}
    met["each event by itself"] = figures["streams"]["events_alone"] == figures["streams"]["events"]
    met["no message refused"] = not any(row["refused"] for row in figures["messages"].values())
    met["rate within 5 percent"] = abs(figures["rate"]["off_percent"]) <= 5
    return figures, met


def main() -> int:
    """Prints the figures and a verdict per bar; 1 with --strict when one was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=400, help="for each size of message")
    parser.add_argument("--streams", type=int, default=500, help="that are open at once")
    parser.add_argument("--messages", type=int, default=5000, help="of our own")
    parser.add_argument("--seconds", type=int, default=60, help="for which the rate limit is tried")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a bar was missed")
    told = parser.parse_args()
    figures, met = asyncio.run(measure(told))
    for name, rows in figures.items():
        print(name)
        for row, value in rows.items():
            print(f"  {row:<22}{json.dumps(value) if isinstance(value, dict) else value}")
    for bar, reached in met.items():
        print(f"{'met   ' if reached else 'MISSED'}  {bar}")
    path = ROOT / "bench-results" / f"gateway-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"figures": figures, "met": met}, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {path.relative_to(ROOT)}")
    return int(told.strict and not all(met.values()))


if __name__ == "__main__":
    sys.exit(main())

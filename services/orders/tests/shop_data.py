"""The demo shop's orders of two customers, for shops that are not our own database: the rows that seeding writes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

import orjson

#: The customers' numbers in the other shops. Chi's orders stand there for those of anybody else.
CUSTOMERS = {"cust_ada": 26, "cust_ben": 31, "cust_chi": 40}
#: What the shops' own ids begin with: not one is the order's number.
FIRST_ID = 7001


@dataclass(frozen=True, slots=True)
class SeededOrder:
    """One order: its row, its lines, the shop's own id of it and the customer's number."""

    id: int
    customer: int
    row: dict[str, Any]
    lines: tuple[dict[str, Any], ...]


def seeded_orders(now: datetime) -> list[SeededOrder]:
    """The orders of `CUSTOMERS`, with times that follow the day of `now`."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = [_with_times(row, day) for row in _read("orders") if row["customer_id"] in CUSTOMERS]
    lines = _read("order_items")
    return [
        SeededOrder(
            FIRST_ID + place,
            CUSTOMERS[row["customer_id"]],
            row,
            tuple(line for line in lines if line["order_id"] == row["id"]),
        )
        for place, row in enumerate(rows)
    ]


def _read(table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = orjson.loads(files("orders").joinpath("seed_data", f"{table}.json").read_bytes())
    return rows


def _with_times(row: dict[str, Any], day: datetime) -> dict[str, Any]:
    return {name: day + timedelta(**value) if isinstance(value, dict) else value for name, value in row.items()}

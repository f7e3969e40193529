"""What was used, by day: how an ended turn is recorded, and what caps and reports read. Days are in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from contracts.turn import Usage
from servicekit.db.pool import Connection

#: Names what no model is known for, such as a call that failed.
UNNAMED = "unnamed"
#: Tokens and micro-dollars of rows of `usage_days`.
SUM = "coalesce(sum(tokens_in + tokens_out), 0)::bigint AS tokens, coalesce(sum(cost_micros), 0)::bigint AS cost"
_OF_SHOP = f"SELECT {SUM} FROM usage_days WHERE day >= $1 AND day < $2"  # noqa: S608 - constants
_BY_DAY = f"SELECT day, sum(turns)::bigint AS turns, {SUM} FROM usage_days WHERE day >= $1 GROUP BY day ORDER BY day"  # noqa: S608
_BY_MODEL = (
    "SELECT model, sum(turns)::bigint AS turns, sum(tokens_in)::bigint AS tokens_in,"
    " sum(tokens_out)::bigint AS tokens_out, sum(cost_micros)::bigint AS cost_micros"
    " FROM usage_days WHERE day >= $1 GROUP BY model ORDER BY 5 DESC, 1"
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens in and out, and micro-dollars."""

    tokens: int = 0
    cost_micros: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.tokens + other.tokens, self.cost_micros + other.cost_micros)


@dataclass(frozen=True, slots=True)
class DayUsage:
    """All that the shop used on a day."""

    day: date
    turns: int
    tokens: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """What one model used. `turns` counts those in which it had the first word."""

    model: str
    turns: int
    tokens_in: int
    tokens_out: int
    cost_micros: int


def usage_record(spent: Mapping[str, Usage], model: str, at_ms: int) -> dict[str, object]:
    """What `turn_end` counts of a turn that ended at `at_ms` (epoch milliseconds), by model, the first that was asked
    first. A turn without a call counts for the `model` of its answer.
    """
    used = dict(spent) or {model: Usage()}
    rows = [
        {
            "model": name or UNNAMED, "turns": int(place == 0), "tokens_in": one.tokens_in,
            "tokens_out": one.tokens_out, "cost_micros": one.cost_micros,
        }
        for place, (name, one) in enumerate(used.items())
    ]  # fmt: skip
    return {"day": datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat(), "spent": rows}


async def spent_by_shop(db: Connection, since: date, before: date) -> Spent:
    """What everybody has used from a day on, and before another."""
    row = await db.fetchrow(_OF_SHOP, since, before)
    return Spent(row["tokens"], row["cost"]) if row else Spent()


async def usage_by_day(db: Connection, since: date) -> list[DayUsage]:
    """Each day on which anything was used, the oldest first."""
    return [DayUsage(row["day"], row["turns"], row["tokens"], row["cost"]) for row in await db.fetch(_BY_DAY, since)]


async def usage_by_model(db: Connection, since: date) -> list[ModelUsage]:
    """Each model that was used since a day, the dearest first."""
    return [ModelUsage(**row) for row in await db.fetch(_BY_MODEL, since)]


async def forget_customer(db: Connection, subject_hash: str) -> None:
    """A customer is erased: what they used is nobody's from now on."""
    await db.execute("SELECT usage_forget($1, NULL)", subject_hash)


async def forget_customers_before(db: Connection, day: date) -> None:
    """Who used what is only needed on the day itself."""
    await db.execute("SELECT usage_forget(NULL, $1)", day)

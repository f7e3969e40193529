"""What is really so, asked from the databases and the counters, to judge by effects and not by words."""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg
import httpx
from prometheus_client.parser import text_string_to_metric_families

from servicekit.sealing.subjects import SubjectKeys
from tickets.people import TICKETS


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order as the shop knows it."""

    order_id: str
    status: str
    carrier: str
    tracking_url: str
    city: str
    total: str
    items: tuple[str, ...]

    @property
    def private_words(self) -> tuple[str, ...]:
        """What nobody but its owner may read."""
        return (self.status, self.carrier, self.tracking_url, self.city, self.total, *self.items)


async def order_facts(database_url: str, order_id: str) -> OrderFacts:
    """Read an order straight from the orders database."""
    connection = await asyncpg.connect(database_url)
    try:
        row = await connection.fetchrow("SELECT * FROM orders WHERE id = $1", order_id)
        items = await connection.fetch("SELECT name FROM order_items WHERE order_id = $1 ORDER BY line", order_id)
    finally:
        await connection.close()
    if row is None:
        raise LookupError(f"the demo shop has no order {order_id}")
    return OrderFacts(
        order_id=order_id, status=row["status"].replace("_", " "), carrier=row["carrier"] or "",
        tracking_url=row["tracking_url"] or "", city=row["ship_city"], total=f"{row['total_minor'] / 100:.2f}",
        items=tuple(item["name"] for item in items),
    )  # fmt: skip


async def hand_over_of(database_url: str, people: SubjectKeys, conversation_id: str) -> dict[str, str] | None:
    """The open hand-over of a conversation with its ticket, from the tickets database; None when there is none."""
    connection = await asyncpg.connect(database_url)
    try:
        row = await connection.fetchrow(
            "SELECT t.*, h.queue, h.reason FROM handoffs h JOIN tickets t ON t.id = h.ticket_id"
            " WHERE h.conversation_id = $1 AND h.status = 'open'",
            conversation_id,
        )
        opener = await people.opener(connection, row["requester"]) if row else None
    finally:
        await connection.close()
    if row is None:
        return None
    return {name: row[name] for name in ("number", "status", "queue", "reason")} | TICKETS.opened(row, opener)


@dataclass(frozen=True, slots=True)
class Given:
    """What was given back of an order, and how its newest refund stands."""

    amounts: tuple[int, ...]
    state: str


async def given_back(database_url: str, order_id: str) -> Given:
    """Read the ledger and the refunds of an order straight from the billing database. Amounts are minor units."""
    connection = await asyncpg.connect(database_url)
    try:
        refunds = await connection.fetch(
            "SELECT r.state, l.amount_minor FROM refunds r LEFT JOIN ledger_refunds l ON l.refund_request_id = r.id"
            " WHERE r.order_id = $1 ORDER BY r.created_at",
            order_id,
        )
    finally:
        await connection.close()
    amounts = tuple(row["amount_minor"] for row in refunds if row["amount_minor"] is not None)
    return Given(amounts, refunds[-1]["state"] if refunds else "")


class Counters:
    """Counters of services at one moment; subtract to see what moved."""

    def __init__(self, values: Mapping[tuple[str, str, frozenset[tuple[str, str]]], float]) -> None:
        self._values = values

    def total(self, service: str, name: str, **labels: str) -> float:
        """Sum of a counter over all series that carry `labels`."""
        wanted = set(labels.items())
        return sum(
            value
            for (where, what, having), value in self._values.items()
            if where == service and what == name and wanted <= having
        )


async def read_counters(urls: Mapping[str, str]) -> Counters:
    """`/metrics` of each service."""
    values = {}
    async with httpx.AsyncClient(timeout=5.0) as client:
        for service, url in urls.items():
            answer = await client.get(f"{url}/metrics")
            answer.raise_for_status()
            for family in text_string_to_metric_families(answer.text):
                for sample in family.samples:
                    values[service, sample.name, frozenset(sample.labels.items())] = sample.value
    return Counters(values)

"""The demo shop's books: the same rows however often they are written, and in agreement with the orders."""

import json
from pathlib import Path
from typing import Any

import pytest

from billing.seed import seed
from servicekit.testing import FakeClock
from servicekit.testing.tool_client import ToolClient

SERVICES = Path(__file__).parents[2]
EVERYTHING = """
SELECT (SELECT jsonb_agg(i ORDER BY i.number) FROM invoices i)::text,
       (SELECT jsonb_agg(l ORDER BY l.invoice_number, l.line) FROM invoice_lines l)::text,
       (SELECT jsonb_agg(c ORDER BY c.id) FROM charges c)::text
"""


def _rows(service: str, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        (SERVICES / service / "src" / service / "seed_data" / f"{table}.json").read_text(encoding="utf-8")
    )
    return found


@pytest.mark.service
async def test_seeding_twice_brings_the_same_rows(service: ToolClient, clock: FakeClock) -> None:
    before = await _everything(service)
    clock.advance(3600)
    await seed(service.kit.db, clock)
    assert await _everything(service) == before


async def _everything(service: ToolClient) -> tuple[str, ...]:
    async with service.kit.db.read() as connection:
        row = await connection.fetchrow(EVERYTHING)
    assert row is not None
    return tuple(row)


def test_orders_and_invoices_agree_on_owner_total_currency_and_lines() -> None:
    orders = {row["id"]: row for row in _rows("orders", "orders")}
    bought: dict[str, list[tuple[Any, ...]]] = {}
    for item in _rows("orders", "order_items"):
        bought.setdefault(item["order_id"], []).append(
            (item["sku"], item["name"], item["quantity"], item["unit_price_minor"])
        )
    billed: dict[str, list[tuple[Any, ...]]] = {}
    for line in _rows("billing", "invoice_lines"):
        billed.setdefault(line["invoice_number"], []).append(
            (line["sku"], line["description"], line["quantity"], line["unit_price_minor"])
        )
    invoices = _rows("billing", "invoices")
    for invoice in invoices:
        order = orders[invoice["order_id"]]
        for name in ("customer_id", "total_minor", "currency"):
            assert invoice[name] == order[name], invoice["number"]
        assert billed[invoice["number"]] == bought[order["id"]]
        goods = sum(quantity * price for _, _, quantity, price in bought[order["id"]])
        assert goods + invoice["shipping_minor"] == invoice["total_minor"]


def test_what_was_sent_has_an_invoice_and_a_charge_and_what_was_not_has_no_invoice() -> None:
    sent = {
        row["id"]
        for row in _rows("orders", "orders")
        if row["status"] in {"shipped", "delivered", "returned", "refunded"}
    }
    assert {row["order_id"] for row in _rows("billing", "invoices")} == sent
    orders = {row["id"]: row for row in _rows("orders", "orders")}
    charges = _rows("billing", "charges")
    assert sent <= {row["order_id"] for row in charges}
    for charge in charges:
        order = orders[charge["order_id"]]
        assert (charge["customer_id"], charge["amount_minor"]) == (order["customer_id"], order["total_minor"])

"""What tests of refunds do to the shop: money is taken, refunds are asked for, staff decide."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx

from billing.refunds.reconciler import Reconciler
from contracts.tools.billing import APPROVE_REFUND, CLOSE_REFUND, GET_REFUND, ISSUE_REFUND
from servicekit.addresses import fingerprint
from servicekit.testing.tool_client import ADA, As, ToolClient

BEN = replace(ADA, subject="cust_ben")
KIM, LEE = "staff_kim", "staff_lee"


@dataclass(frozen=True, slots=True)
class Paid:
    """An order and who paid for it."""

    id: str
    who: As

    def __str__(self) -> str:
        return self.id


def somebody() -> As:
    """A customer who has no refunds yet: what one gets in a day without staff has a cap."""
    return replace(ADA, subject=f"cust_{secrets.token_hex(5)}")


async def paid(
    service: ToolClient,
    amount_minor: int,
    who: As | None = None,
    *,
    flags: Sequence[str] = (),
    days: int = 1,
    provider: str | None = None,
    provider_charge: str | None = None,
) -> Paid:
    """A new order that the customer (a new one) paid for so many days ago."""
    order = Paid(secrets.token_hex(5).upper(), who or somebody())
    captured_at = service.clock.now() - timedelta(days=days)
    async with service.kit.db.primary() as connection:
        await connection.execute(
            "INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at, risk_flags,"
            " provider, provider_charge) VALUES ($1, $2, $3, $4, 'USD', 'Visa ending in 4242', $5, $6, $7, $8)",
            f"ch_{order.id.lower()}", order.id, order.who.subject, amount_minor, captured_at, list(flags), provider,
            provider_charge,
        )  # fmt: skip
    return order


def asking(order: Paid | str, amount_minor: int, **more: Any) -> dict[str, Any]:
    """The arguments of a refund."""
    return {"order_id": str(order), "amount_minor": amount_minor, "currency": "USD", "reason": "It broke.", **more}


async def refund(
    service: ToolClient, order: Paid, amount_minor: int, *, key: str | None = None, **more: Any
) -> httpx.Response:
    """Preview, the customer's yes, the call."""
    arguments, who = asking(order, amount_minor, **more), order.who
    grant = await service.confirm(ISSUE_REFUND, arguments, who)
    return await service.call(ISSUE_REFUND, arguments, who, key=key, grant=grant)


async def waiting(service: ToolClient, amount_minor: int = 20_000, who: As = ADA, **charged: Any) -> str:
    """A refund that waits for staff; its id."""
    order = await paid(service, 150_000, who, **charged)
    answer = (await refund(service, order, amount_minor)).json()
    assert (answer["state"], answer["receipt_url"]) == ("confirmed", None)
    refund_id: str = answer["refund_request_id"]
    return refund_id


async def approve(
    service: ToolClient, refund_id: str, approvers: Sequence[str] = (KIM,), who: As = ADA, *, key: str | None = None,
    addresses: Sequence[str] = (),
) -> httpx.Response:  # fmt: skip
    """What the orchestrator does when staff said yes."""
    arguments = {"refund_request_id": refund_id}
    preview = await service.preview(APPROVE_REFUND, arguments, who)
    if preview.status_code != 200:
        return preview
    grant = approval(service, preview.json()["digest"], approvers, who, addresses)
    return await service.call(APPROVE_REFUND, arguments, who, key=key, grant=grant)


def approval(
    service: ToolClient, digest: str, approvers: Sequence[str] = (KIM,), who: As = ADA, addresses: Sequence[str] = ()
) -> str:
    """A grant for the effect, approved by these members of staff, who have these mail addresses."""
    return service.issuer.grant(
        "billing", APPROVE_REFUND.name, digest, subject=who.subject, approvers=list(approvers),
        addresses=[fingerprint(one) for one in addresses],
    )  # fmt: skip


async def close(service: ToolClient, refund_id: str, outcome: str = "denied", who: As = ADA) -> httpx.Response:
    """What the orchestrator does when staff said no, or nothing."""
    return await service.call(CLOSE_REFUND, {"refund_request_id": refund_id, "outcome": outcome, "note": "No."}, who)


async def look(service: ToolClient, refund_id: str, who: As = ADA) -> dict[str, Any]:
    """The refund as its customer sees it."""
    answer = await service.call(GET_REFUND, {"refund_request_id": refund_id}, who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def given_back(service: ToolClient, order: Paid | str) -> list[int]:
    """What the ledger says really was given back of an order."""
    async with service.kit.db.primary() as connection:
        rows = await connection.fetch(
            "SELECT l.amount_minor FROM ledger_refunds l JOIN charges c ON c.id = l.charge_id WHERE c.order_id = $1"
            " ORDER BY l.id", str(order),
        )  # fmt: skip
    return [row["amount_minor"] for row in rows]


async def history(service: ToolClient, refund_id: str) -> list[tuple[str, str]]:
    """What happened to a refund, and who did it."""
    async with service.kit.db.primary() as connection:
        rows = await connection.fetch(
            "SELECT kind, who FROM refund_events WHERE refund_request_id = $1 ORDER BY seq", refund_id
        )
    return [(row["kind"], row["who"]) for row in rows]


async def sweep(service: ToolClient) -> int:
    """One pass of the reconciler."""
    reconciler: Reconciler = service.app.state.reconciler
    return await reconciler.sweep()

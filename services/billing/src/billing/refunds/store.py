"""The SQL of refunds. What a customer's call reaches is asked for with the customer's id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from billing.refunds.events import RefundEvent, details, target
from billing.refunds.machine import advance
from billing.refunds.model import Charge, LoggedEvent, Refund, Said
from contracts.money import Money
from contracts.tools.billing import RefundState
from servicekit.auth.grants import invalid_grant
from servicekit.db.arrays import byte_texts
from servicekit.db.pool import Connection
from servicekit.encoding import canonical_json
from servicekit.tool_router import PreviewDraft

_LOCK_CHARGES = "SELECT id FROM charges WHERE customer_id = $1 AND order_id = upper($2) ORDER BY id FOR UPDATE"
_CHARGES = """
SELECT c.*, c.amount_minor - c.refunded_before_minor - coalesce((
    SELECT sum(r.amount_minor) FROM refunds r
    WHERE r.charge_id = c.id AND r.state NOT IN ('denied', 'expired', 'failed')), 0)::bigint AS refundable_minor
FROM charges c WHERE c.customer_id = $1 AND c.order_id = upper($2)
"""
_CHARGE_OF = _CHARGES.replace("WHERE c.customer_id = $1 AND c.order_id = upper($2)", "WHERE c.id = $1")
_ONE = "SELECT * FROM refunds WHERE id = $1"
_OWN = "SELECT * FROM refunds WHERE id = $2 AND customer_id = $1"
_NEWEST = """
SELECT * FROM refunds WHERE customer_id = $1 AND order_id = upper($2) ORDER BY created_at DESC, id DESC LIMIT 1
"""
_INSERT = """
INSERT INTO refunds (id, charge_id, order_id, customer_id, conversation_id, grant_id, provider, amount_minor, currency,
    reason, draft, approvals, clause, sentence, reasons, state, check_at, created_at, updated_at, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'requested', $16, $17, $17, true)
"""
_APPEND = "SELECT refund_append($1, $2, $3, $4, $5, $6)"
_APPEND_RELAXED = f"SELECT set_config('synchronous_commit', 'off', true), {_APPEND.removeprefix('SELECT ')}"
_APPEND_FIRST = """
SELECT refund_append($1, e.before, e.after, e.who, $2, e.details)
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]::bytea[]) AS e (before, after, who, details)
"""
_GRANTED = "SELECT id FROM refunds WHERE grant_id = $1"
_WAIT = "UPDATE refunds SET check_at = greatest(check_at, $2) WHERE id = $1"
_WITHOUT_STAFF = """
SELECT coalesce(sum(amount_minor) FILTER (WHERE customer_id = $1), 0)::bigint, coalesce(sum(amount_minor), 0)::bigint
FROM refunds WHERE created_at > $2 AND currency = $3 AND approvals = 0 AND state <> 'failed'
"""
# One after the other, so that two refunds at once cannot both be the last below a cap.
_LOCK_CAPS = "SELECT pg_advisory_xact_lock(7214602)"


async def charges_of_order(connection: Connection, customer: str, order_id: str, *, lock: bool) -> list[Charge]:
    """The customer's charges of an order with what is left of each; `lock` keeps that so until the transaction ends."""
    if lock:
        await connection.execute(_LOCK_CHARGES, customer, order_id)
    return [_charge(row) for row in await connection.fetch(_CHARGES, customer, order_id)]


async def charge_of(connection: Connection, refund: Refund) -> Charge:
    """The charge that a refund is of."""
    row = await connection.fetchrow(_CHARGE_OF, refund.charge_id)
    if row is None:
        raise LookupError(f"the charge of {refund.id} is gone")
    return _charge(row)


async def without_staff(
    connection: Connection, customer: str, currency: str, since: datetime, *, lock: bool
) -> tuple[int, int]:
    """What was given back without staff since then, in minor units: to this customer, and to all."""
    if lock:
        await connection.execute(_LOCK_CAPS)
    row = await connection.fetchrow(_WITHOUT_STAFF, customer, since, currency)
    return (row[0], row[1]) if row is not None else (0, 0)


async def insert(connection: Connection, refund: Refund) -> None:
    """A new refund; its first event must follow. Raises ProblemError(GRANT_INVALID) when the grant made one before, and
    asyncpg.RaiseError RF002 when the charge has not that left.
    """
    if await connection.fetchval(_GRANTED, refund.grant_id) is not None:
        raise invalid_grant("This grant was already used for another call.")
    await connection.execute(
        _INSERT, refund.id, refund.charge_id, refund.order_id, refund.customer_id, refund.conversation_id,
        refund.grant_id, refund.provider, refund.amount.amount_minor, refund.amount.currency, refund.said.reason,
        orjson.dumps(_draft_json(refund.draft)).decode(), refund.approvals, refund.clause, refund.sentence,
        list(refund.reasons), refund.check_at, refund.created_at,
    )  # fmt: skip


async def append(
    connection: Connection, refund_id: str, state: RefundState | None, event: RefundEvent, *, who: str, at: datetime,
    relaxed: bool = False,
) -> RefundState:  # fmt: skip
    """One more event; the state after it. Raises StepNotAllowedError; the caller holds the refund's row lock.

    `relaxed`: the transaction commits without waiting for the disk, because the event can be found out again.
    """
    following = advance(state, event)
    before = state.value if state is not None else None
    await connection.execute(
        _APPEND_RELAXED if relaxed else _APPEND,
        refund_id, before, target(event).value, who, at, canonical_json(details(event)),
    )  # fmt: skip
    return following


async def append_first(
    connection: Connection, refund_id: str, events: Sequence[tuple[RefundEvent, str]], at: datetime
) -> list[RefundState]:
    """The first events of a new refund, each with who did it, in one round trip; the states that it passed through."""
    states: list[RefundState] = []
    for event, _ in events:
        states.append(advance(states[-1] if states else None, event))
    before = [None, *(state.value for state in states[:-1])]
    await connection.execute(
        _APPEND_FIRST, refund_id, at, before, [state.value for state in states], [who for _, who in events],
        byte_texts(canonical_json(details(event)) for event, _ in events),
    )  # fmt: skip
    return states


async def wait(connection: Connection, refund_id: str, until: datetime) -> None:
    """The reconciler looks at it not before then."""
    await connection.execute(_WAIT, refund_id, until)


async def find(connection: Connection, refund_id: str, *, lock: bool = False) -> Refund | None:
    """Whoever's refund that is: for our own work, and where the id itself is proof."""
    return _refund(await connection.fetchrow(_ONE + (" FOR UPDATE" if lock else ""), refund_id))


async def find_own(connection: Connection, customer: str, refund_id: str, *, lock: bool = False) -> Refund | None:
    """The customer's refund."""
    return _refund(await connection.fetchrow(_OWN + (" FOR UPDATE" if lock else ""), customer, refund_id))


async def newest_of_order(connection: Connection, customer: str, order_id: str) -> Refund | None:
    """The customer's newest refund of an order."""
    return _refund(await connection.fetchrow(_NEWEST, customer, order_id))


async def events_of(connection: Connection, refund_id: str) -> list[LoggedEvent]:
    """What happened to a refund, oldest first."""
    rows = await connection.fetch(
        "SELECT seq, kind, at_ms, who, details, hash FROM refund_events WHERE refund_request_id = $1 ORDER BY seq",
        refund_id,
    )
    return [LoggedEvent(row[0], RefundState(row[1]), *row[2:]) for row in (tuple(row) for row in rows)]


def _charge(row: asyncpg.Record) -> Charge:
    return Charge(
        id=row["id"],
        order_id=row["order_id"],
        provider=row["provider"],
        provider_charge=row["provider_charge"] or row["id"],
        captured=_money(row, "amount_minor"),
        refundable=Money(amount_minor=max(0, row["refundable_minor"]), currency=row["currency"]),
        method=row["method"],
        captured_at=row["captured_at"],
        risk_flags=frozenset(row["risk_flags"]),
    )


def _refund(row: asyncpg.Record | None) -> Refund | None:
    if row is None:
        return None
    copied = (
        "id", "charge_id", "order_id", "customer_id", "conversation_id", "grant_id", "provider", "approvals",
        "clause", "sentence", "approval_key", "check_at", "created_at", "updated_at",
    )  # fmt: skip
    amount = _money(row, "amount_minor")
    return Refund(
        **{name: row[name] for name in copied},
        amount=amount,
        said=Said(row["sealed"], row["reason"]),
        draft=PreviewDraft(**orjson.loads(row["draft"]), money_moved=amount),
        reasons=tuple(row["reasons"]),
        state=RefundState(row["state"]),
    )


def _draft_json(draft: PreviewDraft) -> dict[str, Any]:
    return {"summary": draft.summary, "before": dict(draft.before), "after": dict(draft.after)}


def _money(row: asyncpg.Record, column: str) -> Money:
    return Money(amount_minor=row[column], currency=row["currency"])

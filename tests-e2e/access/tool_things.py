"""What belongs to whom in the tool services: the demo shop's rows, with words planted in them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from contracts.headers import GRANT
from contracts.registry import CONTRACTS
from contracts.tools.billing import GET_INVOICE_PDF, ISSUE_REFUND
from servicekit.testing.tool_client import As, ToolClient

from .callers import Caller
from .table import Endpoint, Object

#: Each with an order, its invoice, and a ticket of the demo shop. Dag is nobody of the table.
_PEOPLE = {"ada": ("ABC123", "HP-10001"), "ben": ("5678", "HP-10002"), "dag": ("4192", "HP-10003")}
_MISSING = {
    "order": "NOPE99", "email": "nobody@example.com", "subject": "cust_nobody", "number": "INV-2099-0001",
    "refund": "rfd_nothing", "paid_order": "NOPE98", "word": "plantedmissing", "ticket": "tkt_nothing",
    "link_owner": "0" * 64, "signature": "x" * 43, "expires": "9999999999",
}  # fmt: skip


def missing(**more: str) -> Object:
    """What nobody has."""
    return Object("nobody", None, {**_MISSING, **more})


async def of_orders(client: ToolClient) -> list[Object]:
    """Orders with a planted town and a planted carrier's link."""
    things = []
    for name, (order, _) in _PEOPLE.items():
        word = f"planted{name}"
        async with client.kit.db.transaction() as db:
            await db.execute(
                "UPDATE orders SET ship_city = $2, tracking_url = 'https://parcels.example/' || $2 WHERE id = $1",
                order, word,
            )  # fmt: skip
        ids = {"order": order, "email": f"{name}@example.com", "subject": f"cust_{name}", "word": word}
        things.append(Object(name, name, ids, (word,)))
    return [*things, missing()]


async def of_billing(client: ToolClient) -> list[Object]:
    """Invoices with their links, and a refund of another order that waits for staff."""
    things = []
    for number, (name, (order, _)) in enumerate(_PEOPLE.items()):
        who, paid, cents = As(subject=f"cust_{name}"), f"PAID{number}{name.upper()}", 31_337 + number * 1_111
        async with client.kit.db.transaction() as db:
            await db.execute(
                "INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at)"
                " VALUES ($1, $2, $3, 150000, 'USD', 'Visa ending in 4242', $4)",
                f"ch_{paid.lower()}", paid, who.subject, client.clock.now(),
            )  # fmt: skip
        asked = {"order_id": paid, "amount_minor": cents, "currency": "USD", "reason": "It broke."}
        grant = await client.confirm(ISSUE_REFUND, asked, who)
        refund = (await client.call(ISSUE_REFUND, asked, who, grant=grant)).json()["refund_request_id"]
        link = (await client.call(GET_INVOICE_PDF, {"order_id": order}, who)).json()
        query = {key: one for key, (one,) in parse_qs(urlsplit(link["url"]).query).items()}
        ids = {
            "order": order, "paid_order": paid, "refund": refund, "number": link["invoice_number"],
            "subject": who.subject, "expires": query["expires"], "link_owner": query["owner"],
            "signature": query["signature"],
        }  # fmt: skip
        things.append(
            Object(name, name, ids, (paid, refund, f'"amount_minor":{cents}', query["signature"], link["sha256"]))
        )
    return [*things, missing()]


async def of_tickets(client: ToolClient) -> list[Object]:
    """Tickets of the demo shop, by what was written in them."""
    things = []
    for name, (order, number) in _PEOPLE.items():
        async with client.kit.db.primary() as db:
            ticket = await db.fetchval("SELECT id FROM tickets WHERE number = $1", number)
        ids = {
            "order": order, "number": number, "ticket": ticket, "subject": f"cust_{name}",
            "email": f"{name}@example.com", "word": number,
        }  # fmt: skip
        things.append(Object(name, name, ids, (number, ticket)))
    return [*things, missing(number="HP-99999")]


async def of_retrieval(client: ToolClient) -> list[Object]:
    """Knowledge belongs to nobody."""
    return [missing(word=f"planted{name}") for name in (*_PEOPLE, "nobody")]


class Grants:
    """The strongest grants a caller could come with: for the very effect that its owner sees, in their own name."""

    def __init__(self, client: ToolClient) -> None:
        self._client = client
        self._contracts = {contract.name: contract for contract in CONTRACTS}
        self._digests: dict[str, str] = {}

    async def __call__(self, endpoint: Endpoint, caller: Caller, told: dict[str, Any], thing: Object) -> dict[str, str]:
        """The header, for endpoints that need a grant."""
        if not endpoint.grant:
            return {}
        contract = self._contracts[endpoint.grant]
        key = f"{endpoint.grant} {told['json']}"
        if key not in self._digests:
            preview = await self._client.preview(contract, told["json"], As(subject=thing.ids["subject"]))
            self._digests[key] = preview.json().get("digest", "0" * 64)
        grant = self._client.issuer.grant(
            contract.family.value, contract.name, self._digests[key], subject=caller.subject, approvers=["staff_lee"]
        )
        return {GRANT: grant}

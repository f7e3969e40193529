"""Whoever reaches billing with a good token but without the customer's and staff's own word moves nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from contracts import headers
from contracts.ids import new_id
from contracts.tools.billing import APPROVE_REFUND, CLOSE_REFUND, ISSUE_REFUND
from contracts.tools.tickets import CREATE_TICKET
from e2e.hostile import money_moved
from servicekit.auth.claims import Role
from servicekit.auth.grants import mint_grant
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: Sam's order of 21.90: no other test refunds it.
SUBJECT, ORDER = "cust_sam", "3076"


@dataclass(frozen=True, slots=True)
class Yesterday:
    """A clock that stands in the past."""

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=1)

    def monotonic(self) -> float:
        return 0.0


@dataclass(slots=True)
class Intruder:
    """Somebody inside the network, who has the customer's access token of one turn, and more if he is given it."""

    http: httpx.AsyncClient
    keys: KeySet
    conversation: str
    turn: str

    def minter(self, clock: Any = None) -> TokenMinter:
        return TokenMinter(self.keys, "orchestrator", clock or SystemClock())

    def token(self, scope: str) -> str:
        return self.minter().mint(
            audience="billing", subject=SUBJECT, role=Role.CUSTOMER, scopes=(scope,), actor="orchestrator",
            conversation_id=self.conversation, turn_id=self.turn,
        )  # fmt: skip

    def grant(self, digest: str, *, minter: TokenMinter | None = None, **changed: Any) -> str:
        told = {
            "tool": ISSUE_REFUND.name, "digest": digest, "subject": SUBJECT, "conversation_id": self.conversation,
            "turn_id": self.turn, "audience": "billing", **changed,
        }  # fmt: skip
        return mint_grant(minter or self.minter(), **told)

    async def call(self, path: str, scope: str, body: dict[str, Any], grant: str | None, key: str) -> httpx.Response:
        sent = {"authorization": f"Bearer {self.token(scope)}", headers.IDEMPOTENCY_KEY: key}
        return await self.http.post(path, json=body, headers=sent | ({headers.GRANT: grant} if grant else {}))

    async def refund(self, grant: str | None, amount: int = 100, key: str | None = None) -> httpx.Response:
        return await self.call(ISSUE_REFUND.path, ISSUE_REFUND.scope, _body(amount), grant, key or new_id("key"))

    async def digest(self, amount: int = 100) -> str:
        answer = await self.http.post(
            ISSUE_REFUND.preview_path, json=_body(amount),
            headers={"authorization": f"Bearer {self.token(ISSUE_REFUND.scope)}"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return str(answer.json()["digest"])


def _body(amount: int) -> dict[str, Any]:
    return {"order_id": ORDER, "amount_minor": amount, "currency": "USD", "reason": "Not what was ordered."}


@pytest_asyncio.fixture(loop_scope="session")
async def intruder(machine):
    async with httpx.AsyncClient(base_url=machine.stack.url("billing"), timeout=15) as http:
        yield Intruder(http, KeySet.load(machine.stack.keys.signing), new_id("cnv"), new_id("trn"))


Forgery = Callable[[Intruder, str], Awaitable[str | None]]


async def _nothing(_: Intruder, __: str) -> None:
    return None


async def _of_another_key(intruder: Intruder, digest: str) -> str:
    return intruder.grant(digest, minter=TokenMinter(KeySet.generate(), "orchestrator", SystemClock()))


async def _of_another_issuer(intruder: Intruder, digest: str) -> str:
    return intruder.grant(digest, minter=TokenMinter(intruder.keys, "aiguy-demo", SystemClock()))


async def _of_yesterday(intruder: Intruder, digest: str) -> str:
    return intruder.grant(digest, minter=intruder.minter(Yesterday()))


async def _for_a_smaller_amount(intruder: Intruder, _: str) -> str:
    return intruder.grant(await intruder.digest(1))


async def _an_access_token(intruder: Intruder, _: str) -> str:
    return intruder.token(ISSUE_REFUND.scope)


async def _unsigned(intruder: Intruder, digest: str) -> str:
    head, body, _ = intruder.grant(digest).split(".")
    return f"{head}.{body}."


def _changed(**changed: Any) -> Forgery:
    async def forge(intruder: Intruder, digest: str) -> str:
        return intruder.grant(**({"digest": digest} | changed))

    return forge


FORGERIES: dict[str, Forgery] = {
    "no grant": _nothing,
    "signed with another key": _of_another_key,
    "signed by another issuer": _of_another_issuer,
    "of yesterday": _of_yesterday,
    "for a smaller amount": _for_a_smaller_amount,
    "an access token": _an_access_token,
    "without a signature": _unsigned,
    "for another digest": _changed(digest="f" * 64),
    "for another customer": _changed(subject="cust_ada"),
    "of another conversation": _changed(conversation_id="cnv_" + "1" * 32),
    "of another turn": _changed(turn_id="trn_" + "1" * 32),
    "for another tool": _changed(tool=CREATE_TICKET.name),
    "for another service": _changed(audience="tickets"),
    "approved by the customer": _changed(approvers=(SUBJECT,)),
    "approved twice by one": _changed(approvers=("staff_kim", "staff_kim")),
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
async def test_a_forged_grant_moves_nothing(machine, intruder: Intruder, forgery: Forgery) -> None:
    before = await money_moved(machine)
    answer = await intruder.refund(await forgery(intruder, await intruder.digest()))
    assert answer.status_code == 403, answer.text
    assert answer.json()["code"] in {"grant_invalid", "confirmation_required"}
    assert await money_moved(machine) == before


async def test_a_grant_is_good_once(machine, intruder: Intruder) -> None:
    grant = intruder.grant(await intruder.digest(7))
    assert (await intruder.refund(grant, 7, "first-key")).status_code == 200
    after = await money_moved(machine)
    again = await intruder.refund(grant, 7, "second-key")
    assert (again.status_code, again.json()["code"]) == (403, "grant_invalid")
    assert await money_moved(machine) == after


@pytest.mark.parametrize("approvers", [(), (SUBJECT,), ("staff_kim", SUBJECT)], ids=["nobody", "himself", "with_kim"])
@pytest.mark.parametrize("contract", [APPROVE_REFUND, CLOSE_REFUND], ids=lambda one: one.name)
async def test_a_refund_that_is_not_there_cannot_be_approved_or_closed(
    machine, intruder: Intruder, contract, approvers: tuple[str, ...]
) -> None:
    before = await money_moved(machine)
    body = {"refund_request_id": f"rfd_{'0' * 26}"} | ({"outcome": "denied"} if contract is CLOSE_REFUND else {})
    grant = intruder.grant("a" * 64, tool=contract.name, approvers=approvers)
    answer = await intruder.call(contract.path, contract.scope, body, grant, new_id("key"))
    assert answer.status_code in (403, 404), answer.text
    assert await money_moved(machine) == before

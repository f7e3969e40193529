"""Resolved tickets: who may resolve and search, once, what is found, and what never leaves the service."""

import httpx
import pytest

from contracts.errors import ProblemCode
from contracts.resolved import RESOLVE_SCOPE, RESOLVED_PATH, RESOLVED_SCOPE
from contracts.tools.tickets import CREATE_TICKET, HANDOFF_HUMAN
from servicekit.auth.claims import Role
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, GUEST, As, ToolClient
from tickets.resolved.masking import masked

pytestmark = pytest.mark.service
SERVICE = As(subject="orchestrator", role=Role.SERVICE, scopes=(RESOLVED_SCOPE,), conversation_id=None)
STAFF = As(subject="staff_kim", role=Role.STAFF, scopes=(RESOLVE_SCOPE,), conversation_id=None)
BLUNT = {"query": "Do you sharpen axes?", "limit": 5}


async def _post(service: ToolClient, path: str, body: object, who: As) -> httpx.Response:
    return await service.http.post(path, json=body, headers=service.headers_for(CREATE_TICKET, who))


async def _search(service: ToolClient, query: str, who: As = SERVICE) -> list[dict[str, str]]:
    answer = await _post(service, RESOLVED_PATH, {"query": query}, who)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, str]] = answer.json()["tickets"]
    return found


async def _resolve(service: ToolClient, number: str, resolution: str, who: As = STAFF) -> httpx.Response:
    return await _post(service, f"/internal/tickets/{number}/resolve", {"resolution": resolution}, who)


async def _opened(service: ToolClient, subject: str, body: str = "Please help.") -> str:
    asked = {"subject": subject, "body": body, "category": "product"}
    grant = await service.confirm(CREATE_TICKET, asked)
    return str((await service.call(CREATE_TICKET, asked, grant=grant)).json()["number"])


async def test_what_support_answered_is_found_by_other_words_of_the_same_question(service: ToolClient) -> None:
    found = await _search(service, "Can I have an axe sharpened?")
    assert {one["number"] for one in found[:2]} == {"HP-10013", "HP-10014"}
    assert "we sharpen axes and knives" in found[0]["resolution"]


@pytest.mark.parametrize(
    "query", ["Do you rent out canoes?", "the of and", "?!", "'); DROP TABLE tickets; --", "a & | ! <->"]
)
async def test_nothing_is_found_for_what_nobody_answered(service: ToolClient, query: str) -> None:
    assert await _search(service, query) == []


async def test_what_is_told_holds_no_personal_data(service: ToolClient) -> None:
    number = await _opened(service, "Lens of my lantern cracked, order 5678")
    told = (
        "Dear Ada Moreno,\nA new lantern lens for order 5678 is on its way. Write to ada@example.com or call"
        " +49 30 1234567. Your card 4242 4242 4242 4242 is charged nothing: https://pay.example/r?token=s3cret99\n"
        "Best regards,\nKim Weber"
    )
    assert (await _resolve(service, number, told)).status_code == 200
    (found,) = [one for one in await _search(service, "cracked lantern lens") if one["number"] == number]
    words = found["subject"] + found["resolution"]
    assert "lantern lens" in words
    for secret in ("Moreno", "Ada", "ada@", "1234567", "4242", "s3cret99", "5678", "Kim"):
        assert secret not in words


def test_a_known_name_is_masked_inside_of_a_sentence() -> None:
    assert masked("We told Ada Moreno that Ada may return it.", names=["Ada Moreno"]) == (
        "We told [name] that [name] may return it."
    )


async def test_a_ticket_is_resolved_once_whatever_is_resent(service: ToolClient) -> None:
    number = await _opened(service, "Is the kettle safe for induction?")
    first = await _resolve(service, number, "Yes, the kettle works on induction.")
    service.clock.advance(60)
    again = await _resolve(service, number, "Yes, the kettle works on induction.")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    other = await _resolve(service, number, "No, it does not.")
    assert_problem(other, ProblemCode.CONFLICT)
    async with service.kit.db.read() as db:
        events = await db.fetch(
            "SELECT e.kind, e.actor FROM ticket_events e JOIN tickets t ON t.id = e.ticket_id WHERE t.number = $1"
            " ORDER BY e.id", number,
        )  # fmt: skip
        audited = await db.fetchval(
            "SELECT count(*) FROM audit WHERE tool = 'resolve_ticket' AND subject = 'staff_kim'"
        )
    assert [(row["kind"], row["actor"]) for row in events] == [
        ("created", service.people.name("cust_ada")),
        ("resolved", "staff_kim"),
    ]
    assert audited >= 2


async def test_a_resolved_hand_over_leaves_its_queue(service: ToolClient) -> None:
    asked = {"reason": "customer_asked", "summary": "Wants a person about a canoe paddle."}
    handoff = (await service.call(HANDOFF_HUMAN, asked)).json()
    assert (await _resolve(service, handoff["ticket_number"], "The paddle is back in stock.")).status_code == 200
    async with service.kit.db.read() as db:
        status = await db.fetchval("SELECT status FROM handoffs WHERE id = $1", handoff["handoff_id"])
    assert status == "closed"


async def test_a_ticket_that_is_not_there_or_not_ours_cannot_be_resolved(service: ToolClient) -> None:
    assert_problem(await _resolve(service, "HP-1", "Words."), ProblemCode.NOT_FOUND)
    assert_problem(await _resolve(service, "%2335436", "Words."), ProblemCode.CONFLICT)


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (As(scopes=(RESOLVED_SCOPE, RESOLVE_SCOPE)), ProblemCode.FORBIDDEN),
        (As(subject=GUEST.subject, role=Role.GUEST, scopes=(RESOLVED_SCOPE, RESOLVE_SCOPE)), ProblemCode.FORBIDDEN),
        (ADA, ProblemCode.INSUFFICIENT_SCOPE),
        (As(subject="orchestrator", role=Role.SERVICE, scopes=("tickets.handoff",)), ProblemCode.INSUFFICIENT_SCOPE),
    ],
    ids=["customer", "guest", "tool_scope", "service_without_scope"],
)
async def test_customers_and_other_scopes_open_neither_door(service: ToolClient, who: As, code: ProblemCode) -> None:
    assert_problem(await _post(service, RESOLVED_PATH, BLUNT, who), code)
    assert_problem(await _resolve(service, "HP-10002", "Words.", who), code)


async def test_the_scope_to_search_does_not_resolve(service: ToolClient) -> None:
    assert_problem(await _resolve(service, "HP-10002", "Words.", SERVICE), ProblemCode.INSUFFICIENT_SCOPE)
    assert_problem(await _post(service, RESOLVED_PATH, BLUNT, STAFF), ProblemCode.INSUFFICIENT_SCOPE)


@pytest.mark.parametrize(
    "body",
    [{}, {"query": ""}, {"query": " "}, {"query": "x" * 1001}, {"query": "x", "limit": 21}, {"query": "x", "y": 1}],
)
async def test_a_bad_question_is_named(service: ToolClient, body: dict[str, object]) -> None:
    assert_problem(await _post(service, RESOLVED_PATH, body, SERVICE), ProblemCode.INVALID_REQUEST)

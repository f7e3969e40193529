"""Staff decide about a refund: enough of them, different ones, never the customer, in time, and once."""

import asyncio
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from billing.app import build
from billing.refunds.reconciler import Reconciler
from billing.settings import Settings
from contracts.errors import ProblemCode
from contracts.tools.billing import APPROVE_REFUND, ISSUE_REFUND
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, ToolClient, tool_service

from .shop import BEN, KIM, LEE, approval, approve, asking, close, history, look, paid, refund, sweep, waiting

pytestmark = pytest.mark.service
A_DAY_S = 24 * 3600
FOR_LONG_S = 27 * 3600


async def moved(service: ToolClient, refund_id: str) -> int:
    """How often the ledger gave money back for this refund."""
    async with service.kit.db.primary() as connection:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM ledger_refunds WHERE refund_request_id = $1", refund_id
        )
    return found


async def test_staff_are_shown_what_would_happen_and_why_they_are_asked(service: ToolClient) -> None:
    refund_id = await waiting(service, 20_000, flags=["avs_failed"], days=90)
    shown = (await service.preview(APPROVE_REFUND, {"refund_request_id": refund_id})).json()
    assert shown["summary"].startswith("Refund 200.00 USD of order ")
    assert shown["before"] == {"refund": refund_id, "state": "confirmed"}
    assert shown["after"] == {"refund": refund_id, "state": "succeeded"}
    assert shown["money_moved"] == {"amount_minor": 20_000, "currency": "USD"}
    assert (shown["approvals"], shown["policy"]) == (1, "R2")
    assert shown["reasons"] == [
        "Refunds of up to 500.00 USD are approved by one member of staff.",
        "Open checks of the payment: avs_failed",
        "The payment is 90 days old",
        'The customer says: "It broke."',
    ]


async def test_an_approved_refund_is_made(service: ToolClient) -> None:
    refund_id = await waiting(service)
    answer = (await approve(service, refund_id)).json()
    assert (answer["state"], answer["approvals_needed"]) == ("succeeded", 0)
    assert answer["receipt_url"]
    assert await moved(service, refund_id) == 1
    assert await history(service, refund_id) == [
        ("requested", "customer"), ("confirmed", "customer"), ("approved", KIM), ("submitted", "billing"),
        ("succeeded", "ledger"),
    ]  # fmt: skip


async def test_a_large_refund_needs_two_different_members_of_staff(service: ToolClient) -> None:
    refund_id = await waiting(service, 60_000)
    assert_problem(await approve(service, refund_id, [KIM]), ProblemCode.APPROVAL_REQUIRED)
    assert_problem(await approve(service, refund_id, [KIM, KIM]), ProblemCode.GRANT_INVALID)
    assert await moved(service, refund_id) == 0
    assert (await approve(service, refund_id, [LEE, KIM])).json()["state"] == "succeeded"
    assert ("approved", f"{KIM}, {LEE}") in await history(service, refund_id)


async def test_without_staff_nothing_is_approved(service: ToolClient) -> None:
    refund_id = await waiting(service)
    bare = await service.call(APPROVE_REFUND, {"refund_request_id": refund_id})
    assert_problem(bare, ProblemCode.CONFIRMATION_REQUIRED)
    assert_problem(await approve(service, refund_id, []), ProblemCode.APPROVAL_REQUIRED)
    assert (await look(service, refund_id))["state"] == "confirmed"


async def test_whoever_asked_for_it_does_not_approve_it(service: ToolClient) -> None:
    refund_id = await waiting(service, 60_000)
    for approvers in ([ADA.subject], [KIM, ADA.subject]):
        assert_problem(await approve(service, refund_id, approvers), ProblemCode.GRANT_INVALID)
    assert await moved(service, refund_id) == 0


async def test_whoever_asked_for_it_does_not_approve_it_as_staff_of_another_issuer(service: ToolClient) -> None:
    refund_id, ada = await waiting(service), replace(ADA, email="ada@example.com")
    refused = await approve(service, refund_id, ["staff_ada"], ada, addresses=["Ada@Example.com"])
    assert_problem(refused, ProblemCode.GRANT_INVALID)
    assert (await look(service, refund_id))["state"] == "confirmed"
    assert await moved(service, refund_id) == 0
    assert (await approve(service, refund_id, [KIM], ada, addresses=["kim@staff.example"])).status_code == 200
    assert await moved(service, refund_id) == 1


async def test_the_customers_own_yes_is_no_approval(service: ToolClient) -> None:
    """The grant of `issue_refund` does not open `approve_refund`, nor one for the digest of another refund."""
    refund_id, other = await waiting(service), await waiting(service)
    shown = [
        (await service.preview(APPROVE_REFUND, {"refund_request_id": one})).json()["digest"]
        for one in (refund_id, other)
    ]
    wrong_tool = service.issuer.grant("billing", ISSUE_REFUND.name, shown[0], approvers=[KIM])
    for grant in (wrong_tool, approval(service, shown[1])):
        answer = await service.call(APPROVE_REFUND, {"refund_request_id": refund_id}, grant=grant)
        assert_problem(answer, ProblemCode.GRANT_INVALID)
    assert await moved(service, refund_id) == 0


async def test_two_approvals_at_the_same_moment_are_one_refund(service: ToolClient) -> None:
    refund_id = await waiting(service)
    arguments = {"refund_request_id": refund_id}
    digest = (await service.preview(APPROVE_REFUND, arguments)).json()["digest"]
    calls = (service.call(APPROVE_REFUND, arguments, grant=approval(service, digest, [who])) for who in (KIM, LEE) * 10)
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    for answer in answers:
        if answer.status_code == 409:
            assert_problem(answer, ProblemCode.ALREADY_DECIDED)
    assert await moved(service, refund_id) == 1


async def test_an_approval_and_a_denial_at_the_same_moment_agree_in_the_end(service: ToolClient) -> None:
    for _ in range(10):
        refund_id = await waiting(service)
        yes, no = await asyncio.gather(approve(service, refund_id), close(service, refund_id))
        state = (await look(service, refund_id))["state"]
        assert sorted((yes.status_code, no.status_code)) == [200, 409]
        assert (state, await moved(service, refund_id)) == (
            ("succeeded", 1) if yes.status_code == 200 else ("denied", 0)
        )  # fmt: skip


async def test_the_same_approval_again_is_the_same_answer(service: ToolClient) -> None:
    refund_id = await waiting(service)
    first = await approve(service, refund_id, key="again")
    again = await service.call(APPROVE_REFUND, {"refund_request_id": refund_id}, key="again")
    assert again.content == first.content
    assert await moved(service, refund_id) == 1


@pytest.mark.parametrize("outcome", ["denied", "expired"])
async def test_what_was_closed_is_not_approved_any_more(service: ToolClient, outcome: str) -> None:
    refund_id = await waiting(service)
    grant = await _granted(service, refund_id)
    closed = (await close(service, refund_id, outcome)).json()
    assert (closed["state"], closed["approvals_needed"]) == (outcome, 0)
    late = await service.call(APPROVE_REFUND, {"refund_request_id": refund_id}, grant=grant)
    assert_problem(late, ProblemCode.ALREADY_DECIDED)
    assert ("time" in late.json()["detail"]) is (outcome == "expired")
    assert await moved(service, refund_id) == 0


async def test_what_was_closed_can_be_asked_for_again(service: ToolClient) -> None:
    order, made_before = await paid(service, 30_000), set()
    for _ in range(3):
        shown = await service.preview(ISSUE_REFUND, asking(order, 30_000), order.who)
        grant = service.grant(ISSUE_REFUND, shown.json()["digest"], order.who)
        made = (await service.call(ISSUE_REFUND, asking(order, 30_000), order.who, grant=grant)).json()
        closed = (await close(service, made["refund_request_id"], who=order.who)).json()
        assert (made["state"], closed["state"]) == ("confirmed", "denied")
        made_before.add(made["refund_request_id"])
    assert len(made_before) == 3


async def test_what_was_made_is_not_closed_and_what_was_closed_stays_so(service: ToolClient) -> None:
    made, denied = await waiting(service), await waiting(service)
    await approve(service, made)
    assert_problem(await close(service, made), ProblemCode.ALREADY_DECIDED)
    await close(service, denied)
    assert (await close(service, denied, "expired")).json()["state"] == "denied"
    assert_problem(await close(service, denied, who=BEN), ProblemCode.REFUND_NOT_FOUND)


async def test_a_refund_waits_for_a_day_and_no_longer(service: ToolClient, clock: FakeClock) -> None:
    in_time, too_late = await waiting(service), await waiting(service)
    clock.advance(A_DAY_S)
    assert (await approve(service, in_time)).json()["state"] == "succeeded"
    clock.advance(FOR_LONG_S - A_DAY_S)
    late = await approve(service, too_late)
    assert_problem(late, ProblemCode.ALREADY_DECIDED)
    assert late.json()["detail"] == "The time for approving this refund is over."


async def test_the_sweep_ends_what_nobody_closed_and_frees_the_amount(service: ToolClient, clock: FakeClock) -> None:
    order = await paid(service, 30_000)
    grant = await service.confirm(ISSUE_REFUND, asking(order, 30_000), order.who)
    made = (await service.call(ISSUE_REFUND, asking(order, 30_000), order.who, grant=grant)).json()
    await sweep(service)
    assert (await look(service, made["refund_request_id"], order.who))["state"] == "confirmed"
    clock.advance(FOR_LONG_S)
    await sweep(service)
    ended = await look(service, made["refund_request_id"], order.who)
    assert (ended["state"], ended["approvals_needed"]) == ("expired", 0)
    assert (await history(service, made["refund_request_id"]))[-1] == ("expired", "billing")
    assert_problem(await approve(service, made["refund_request_id"], who=order.who), ProblemCode.ALREADY_DECIDED)
    again = await service.preview(ISSUE_REFUND, asking(order, 30_000), order.who)
    assert again.status_code == 200


async def test_sweeps_at_the_same_moment_end_each_refund_once(service: ToolClient, clock: FakeClock) -> None:
    waits = [await waiting(service) for _ in range(20)]
    clock.advance(FOR_LONG_S)
    reconciler: Reconciler = service.app.state.reconciler
    replicas = [Reconciler(reconciler.desk, reconciler.kit) for _ in range(4)]
    while sum(await asyncio.gather(*(one.sweep() for one in replicas))):
        continue
    for refund_id in waits:
        assert [state for state, _ in await history(service, refund_id)] == ["requested", "confirmed", "expired"]


async def test_a_check_that_failed_meanwhile_asks_for_more_staff(
    settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    """How many must agree is decided when the money would move, not when the customer asked."""
    strict = tmp_path / "strict.yaml"
    ours = files("billing").joinpath("policy", "refunds.yaml").read_text(encoding="utf-8")
    strict.write_text(ours.replace("refund_found]\n  approvals: 1", "refund_found]\n  approvals: 2"))
    changed = settings.model_copy(update={"refund_policy_file": strict})
    async with tool_service(lambda kit: build(changed, kit_factory=kit), clock) as service:
        refund_id = await waiting(service, 20_000)
        grant = await _granted(service, refund_id)
        async with service.kit.db.primary() as connection:
            await connection.execute(
                "UPDATE charges SET risk_flags = '{disputed}' WHERE id = (SELECT charge_id FROM refunds WHERE id = $1)",
                refund_id,
            )
        shown = (await service.preview(APPROVE_REFUND, {"refund_request_id": refund_id})).json()
        assert (shown["approvals"], shown["policy"]) == (2, "K1")
        assert "Open checks of the payment: disputed" in shown["reasons"]
        one = await service.call(APPROVE_REFUND, {"refund_request_id": refund_id}, grant=grant)
        assert_problem(one, ProblemCode.APPROVAL_REQUIRED)
        made = (await approve(service, refund_id, [KIM, LEE])).json()
        assert made["state"] == "succeeded"
        receipt = (await service.http.get(made["receipt_url"])).json()["claims"]
    assert receipt["policy"]["clause"] == "K1"
    assert receipt["approved_by"] == [KIM, LEE]


async def test_a_shop_may_have_every_refund_approved(settings: Settings, clock: FakeClock) -> None:
    careful = settings.model_copy(update={"refund_auto_up_to_minor": -1})
    async with tool_service(lambda kit: build(careful, kit_factory=kit), clock) as service:
        made = (await refund(service, await paid(service, 1_000), 1)).json()
    assert (made["state"], made["approvals_needed"], made["policy"]) == ("confirmed", 1, "A1")


async def test_another_customers_refund_cannot_be_approved(service: ToolClient) -> None:
    refund_id = await waiting(service)
    assert_problem(
        await service.preview(APPROVE_REFUND, {"refund_request_id": refund_id}, BEN), ProblemCode.REFUND_NOT_FOUND
    )  # fmt: skip
    grant = approval(service, "0" * 64, who=BEN)
    answer = await service.call(APPROVE_REFUND, {"refund_request_id": refund_id}, BEN, grant=grant)
    assert_problem(answer, ProblemCode.REFUND_NOT_FOUND)


async def _granted(service: ToolClient, refund_id: str) -> str:
    shown = await service.preview(APPROVE_REFUND, {"refund_request_id": refund_id})
    return approval(service, shown.json()["digest"])

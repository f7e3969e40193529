"""A customer's refund: previewed, confirmed, made once, never above what was paid, and nobody else's business."""

import asyncio
from dataclasses import replace

import pytest

from billing.refunds.events import Reversed
from billing.refunds.store import append
from contracts.errors import ProblemCode
from contracts.tools.billing import GET_REFUND, ISSUE_REFUND, RefundState
from servicekit.testing import FakeClock
from servicekit.testing.asked import TYPES_ASKED, watched_anew
from servicekit.testing.conformance import assert_problem
from servicekit.testing.proving import how_many
from servicekit.testing.tool_client import ADA, ToolClient

from .shop import BEN, Paid, asking, given_back, history, look, paid, refund, somebody

pytestmark = pytest.mark.service


async def test_a_preview_says_what_would_happen_and_who_must_agree(service: ToolClient) -> None:
    order = await paid(service, 90_000)
    preview = (await service.preview(ISSUE_REFUND, asking(order, 60_000), order.who)).json()
    assert preview["summary"] == f"Refund 600.00 USD of order {order} to Visa ending in 4242"
    assert (preview["before"], preview["after"]) == ({"refundable": "900.00 USD"}, {"refundable": "300.00 USD"})
    assert preview["money_moved"] == {"amount_minor": 60_000, "currency": "USD"}
    assert (preview["approvals"], preview["policy"]) == (2, "R3")
    assert preview["reasons"] == ["Larger refunds are approved by two members of staff."]


async def test_a_small_refund_is_made_at_once(service: ToolClient) -> None:
    order = await paid(service, 12_900)
    answer = (await refund(service, order, 5_000)).json()
    assert (answer["state"], answer["approvals_needed"], answer["policy"]) == ("succeeded", 0, "R1")
    assert answer["refund_request_id"].startswith("rfd_")
    assert await given_back(service, order) == [5_000]
    assert await history(service, answer["refund_request_id"]) == [
        ("requested", "customer"), ("confirmed", "customer"), ("approved", "policy"), ("submitted", "billing"),
        ("succeeded", "ledger"),
    ]  # fmt: skip


async def test_new_connections_are_asked_for_no_types_when_a_refund_is_made(service: ToolClient) -> None:
    order = await paid(service, 12_900)
    asked = await watched_anew(service.kit.db)
    assert (await refund(service, order, 5_000)).json()["state"] == "succeeded"
    assert any("INSERT INTO refunds" in one for one in asked)
    assert not [one for one in asked if TYPES_ASKED in one]


async def test_the_demo_shop_can_make_the_refunds_of_the_demo(service: ToolClient) -> None:
    assert (await refund(service, Paid("1234", ADA), 5_000)).json()["state"] == "succeeded"
    waits = (await refund(service, Paid("5678", BEN), 20_000)).json()
    assert (waits["state"], waits["approvals_needed"], waits["policy"]) == ("confirmed", 1, "R2")


async def test_the_same_call_is_the_same_refund_for_ever(service: ToolClient) -> None:
    order = await paid(service, 12_900)
    first = await refund(service, order, 5_000, key="once")
    bare = await service.call(ISSUE_REFUND, asking(order, 5_000), order.who, key="once")
    assert bare.content == first.content
    assert await given_back(service, order) == [5_000]


async def test_an_order_is_given_back_in_parts_but_never_more_than_was_paid(service: ToolClient) -> None:
    order = await paid(service, 9_000)
    for part in (4_000, 4_999, 1):
        assert (await refund(service, order, part)).json()["state"] == "succeeded"
    assert_problem(await service.preview(ISSUE_REFUND, asking(order, 1), order.who), ProblemCode.NOT_REFUNDABLE)
    assert await given_back(service, order) == [4_000, 4_999, 1]


async def test_what_waits_for_staff_is_taken_out_of_what_is_left(service: ToolClient) -> None:
    order = await paid(service, 30_000)
    await refund(service, order, 25_000)
    too_much = await service.preview(ISSUE_REFUND, asking(order, 5_001), order.who)
    assert_problem(too_much, ProblemCode.NOT_REFUNDABLE)
    assert "50.00 USD can still be given back" in too_much.json()["detail"]
    assert (await refund(service, order, 5_000)).json()["state"] == "succeeded"


async def test_what_was_given_back_before_we_kept_books_counts(service: ToolClient) -> None:
    jo = replace(ADA, subject="cust_jo")
    assert_problem(await service.preview(ISSUE_REFUND, asking("5368", 1), jo), ProblemCode.NOT_REFUNDABLE)


async def test_another_currency_is_refused(service: ToolClient) -> None:
    order = await paid(service, 9_000)
    answer = await service.preview(ISSUE_REFUND, asking(order, 100, currency="EUR"), order.who)
    assert_problem(answer, ProblemCode.NOT_REFUNDABLE)


async def test_money_that_a_provider_holds_which_is_not_set_up_stays_there(service: ToolClient) -> None:
    order = await paid(service, 9_000, provider="elsewhere")
    assert_problem(await service.preview(ISSUE_REFUND, asking(order, 100), order.who), ProblemCode.NOT_REFUNDABLE)


async def test_another_customers_order_looks_like_one_that_does_not_exist(service: ToolClient) -> None:
    order = await paid(service, 9_000, BEN)
    foreign = await service.preview(ISSUE_REFUND, asking(order, 100), ADA)
    unknown = await service.preview(ISSUE_REFUND, asking("NOPE999", 100), ADA)
    huge = await service.preview(ISSUE_REFUND, asking(order, 10**9, currency="EUR"), ADA)
    for answer in (foreign, unknown, huge):
        assert_problem(answer, ProblemCode.ORDER_NOT_FOUND)
        assert {**answer.json(), "trace_id": ""} == {**unknown.json(), "trace_id": ""}


async def test_another_customers_refund_looks_like_one_that_does_not_exist(service: ToolClient) -> None:
    order = await paid(service, 9_000)
    made = (await refund(service, order, 100)).json()
    unknown = await service.call(GET_REFUND, {"refund_request_id": "rfd_" + "a" * 26}, BEN)
    for lookup in ({"refund_request_id": made["refund_request_id"]}, {"order_id": order.id}):
        foreign = await service.call(GET_REFUND, lookup, BEN)
        assert_problem(foreign, ProblemCode.REFUND_NOT_FOUND)
        assert {**foreign.json(), "trace_id": ""} == {**unknown.json(), "trace_id": ""}


async def test_a_customer_finds_their_refund_by_its_id_and_by_its_order(service: ToolClient, clock: FakeClock) -> None:
    order = await paid(service, 9_000)
    await refund(service, order, 100)
    clock.advance(1)
    newest = (await refund(service, order, 200)).json()
    by_order = (await service.call(GET_REFUND, {"order_id": order.id.lower()}, order.who)).json()
    assert by_order["refund_request_id"] == newest["refund_request_id"]
    assert (await look(service, newest["refund_request_id"], order.who))["amount"] == {
        "amount_minor": 200,
        "currency": "USD",
    }


async def test_a_confirmation_of_one_amount_moves_no_other(service: ToolClient) -> None:
    order = await paid(service, 9_000)
    grant = await service.confirm(ISSUE_REFUND, asking(order, 100), order.who)
    changed = await service.call(ISSUE_REFUND, asking(order, 9_000), order.who, grant=grant)
    assert_problem(changed, ProblemCode.GRANT_INVALID)
    assert await given_back(service, order) == []


async def test_a_confirmation_is_void_once_the_effect_would_be_another(service: ToolClient) -> None:
    order = await paid(service, 9_000)
    grant = await service.confirm(ISSUE_REFUND, asking(order, 100), order.who)
    await refund(service, order, 50)
    assert_problem(
        await service.call(ISSUE_REFUND, asking(order, 100), order.who, grant=grant), ProblemCode.GRANT_INVALID
    )
    assert await given_back(service, order) == [50]


async def test_a_key_that_began_one_refund_begins_no_other(service: ToolClient) -> None:
    """Also while the first answer is not stored yet, and without spoiling the first call."""
    order = await paid(service, 9_000)
    other = asking(order, 100, reason="Another reason.")
    grant = await service.confirm(ISSUE_REFUND, other, order.who)
    await refund(service, order, 100, key="k")
    async with service.kit.db.primary() as connection:
        await connection.execute("DELETE FROM idempotency WHERE key = 'k'")
    assert_problem(await service.call(ISSUE_REFUND, other, order.who, key="k", grant=grant), ProblemCode.GRANT_INVALID)
    assert await given_back(service, order) == [100]


async def test_what_a_customer_gets_without_staff_in_a_day_has_a_cap(service: ToolClient, clock: FakeClock) -> None:
    order = await paid(service, 90_000)
    states = [(await refund(service, order, 9_000)).json() for _ in range(3)]
    assert [(one["state"], one["policy"]) for one in states] == [
        ("succeeded", "R1"), ("succeeded", "R1"), ("confirmed", "C1"),
    ]  # fmt: skip
    clock.advance(25 * 3600)
    assert (await refund(service, order, 9_000)).json()["state"] == "succeeded"


async def test_the_cap_holds_for_refunds_at_the_same_moment(service: ToolClient) -> None:
    who = somebody()
    orders = [await paid(service, 9_000, who) for _ in range(6)]
    answers = await asyncio.gather(*(refund(service, order, 9_000) for order in orders))
    assert sorted(answer.json()["state"] for answer in answers) == ["confirmed"] * 4 + ["succeeded"] * 2


async def test_refunds_of_one_charge_at_the_same_moment_never_exceed_it(service: ToolClient) -> None:
    order = await paid(service, 1_000)
    arguments = [asking(order, 300, reason=f"Reason {number}") for number in range(50)]
    grants = [await service.confirm(ISSUE_REFUND, one, order.who) for one in arguments]
    answers = await asyncio.gather(
        *(service.call(ISSUE_REFUND, one, order.who, grant=grant) for one, grant in zip(arguments, grants, strict=True))
    )
    # All were confirmed for the same "before": the first one changes it for the others.
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 49
    assert await given_back(service, order) == [300]


async def test_many_customers_clicks_at_the_same_moment_never_exceed_the_charge(service: ToolClient) -> None:
    """Each asks anew when the world has moved on in between, as the chat does."""
    order = await paid(service, 1_000)

    async def insisting(number: int) -> int:
        while True:
            asked = asking(order, 150 + number, reason=f"Reason {number}")
            shown = await service.preview(ISSUE_REFUND, asked, order.who)
            if shown.status_code == 422:
                return 0
            grant = service.grant(ISSUE_REFUND, shown.json()["digest"], order.who)
            if (await service.call(ISSUE_REFUND, asked, order.who, grant=grant)).status_code == 200:
                return 150 + number

    given = [amount for amount in await asyncio.gather(*map(insisting, range(50))) if amount]
    assert sorted(await given_back(service, order)) == sorted(given)
    assert 850 < sum(given) <= 1_000


async def test_fifty_identical_calls_at_the_same_moment_are_one_refund(service: ToolClient) -> None:
    for _ in range(how_many(2, 200)):
        order = await paid(service, 9_000)
        arguments = asking(order, 300)
        grant = await service.confirm(ISSUE_REFUND, arguments, order.who)
        calls = (service.call(ISSUE_REFUND, arguments, order.who, key="one", grant=grant) for _ in range(50))
        answers = await asyncio.gather(*calls)
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
        assert await given_back(service, order) == [300]


async def test_a_confirmation_is_good_for_one_refund_even_when_that_one_failed(service: ToolClient) -> None:
    """The world is as it was before then, and so is the digest; the grant is not new."""
    order = await paid(service, 9_000)
    grant = await service.confirm(ISSUE_REFUND, asking(order, 100), order.who)
    made = (await service.call(ISSUE_REFUND, asking(order, 100), order.who, grant=grant)).json()
    async with service.kit.db.transaction() as connection:
        event = Reversed("led_0", "declined")
        await append(
            connection, made["refund_request_id"], RefundState.SUCCEEDED, event, who="x", at=service.clock.now()
        )
    again = await service.call(ISSUE_REFUND, asking(order, 100), order.who, grant=grant)
    assert_problem(again, ProblemCode.GRANT_INVALID)
    assert "already used" in again.json()["detail"]
    assert await given_back(service, order) == [100]


async def test_the_database_itself_refuses_more_than_was_captured(service: ToolClient) -> None:
    order = await paid(service, 1_000)
    made = (await refund(service, order, 600)).json()
    for table in ("refunds", "ledger_refunds"):
        with pytest.raises(Exception, match="more than is left"):
            async with service.kit.db.transaction() as connection:
                await _copy(connection, table, made["refund_request_id"])


async def _copy(connection: object, table: str, refund_id: str) -> None:
    columns = {
        "refunds": "charge_id, order_id, customer_id, conversation_id, grant_id, provider, amount_minor, currency,"
        " reason, draft, approvals, clause, sentence, reasons, state, check_at, created_at, updated_at",
        "ledger_refunds": "charge_id, amount_minor, currency, created_at",
    }[table]
    key = {"refunds": "id", "ledger_refunds": "refund_request_id"}[table]
    await connection.execute(  # type: ignore[attr-defined]
        f"INSERT INTO {table} ({key}, {columns}) SELECT 'rfd_copy', {columns} FROM {table} WHERE {key} = $1", refund_id
    )


@pytest.mark.parametrize(
    "change",
    ["UPDATE refunds SET amount_minor = amount_minor + 1", "UPDATE refunds SET customer_id = 'cust_ben'",
     "UPDATE refunds SET approvals = 1", "UPDATE refunds SET created_at = now() - interval '2 days'",
     "UPDATE refunds SET sentence = 'x'",
     "DELETE FROM refunds", "UPDATE ledger_refunds SET amount_minor = 1", "DELETE FROM ledger_refunds",
     "TRUNCATE ledger_refunds", "UPDATE refund_events SET who = 'x'", "DELETE FROM refund_events",
     "TRUNCATE refund_events"],
)  # fmt: skip
async def test_what_was_agreed_and_what_happened_cannot_be_changed(service: ToolClient, change: str) -> None:
    await refund(service, await paid(service, 1_000), 100)
    with pytest.raises(Exception, match="append-only"):
        async with service.kit.db.transaction() as connection:
            await connection.execute(change)


@pytest.mark.parametrize("state", ["denied", "approved", "submitted"])
async def test_the_state_is_that_of_the_last_event(service: ToolClient, state: str) -> None:
    made = (await refund(service, await paid(service, 1_000), 100)).json()
    with pytest.raises(Exception, match="no event says"):
        async with service.kit.db.transaction() as connection:
            await connection.execute(
                "UPDATE refunds SET state = $2 WHERE id = $1", made["refund_request_id"], state
            )  # fmt: skip


async def test_refunds_are_counted_by_state(service: ToolClient) -> None:
    await refund(service, await paid(service, 1_000), 100)
    metrics = (await service.http.get("/metrics")).text
    assert 'aiguy_refunds_total{state="succeeded"} 1.0' in metrics
    assert 'aiguy_refunds_total{state="submitted"} 1.0' in metrics

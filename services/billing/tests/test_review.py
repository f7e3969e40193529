"""Looking back on refunds: the policy in force, what an edited one would have said, and sums; and who may ask."""

from typing import Any

import httpx
import pytest

from billing.refunds.policy import load_policy
from billing.review.rules import edited, rules_of
from contracts.errors import ProblemCode
from contracts.refund_rules import JUDGED_PATH, RULES_PATH, RULES_SCOPE, SUMS_PATH, RulesEdit
from contracts.tools.billing import ISSUE_REFUND
from servicekit.auth.claims import Role
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import As, ToolClient

from .shop import paid, refund

SERVICE = As(subject="orchestrator", role=Role.SERVICE, scopes=(RULES_SCOPE,), conversation_id=None)
POLICY = load_policy()


async def ask(service: ToolClient, path: str, body: Any, who: As = SERVICE) -> httpx.Response:
    return await service.http.post(path, json=body, headers=service.headers_for(ISSUE_REFUND, who))


async def told(service: ToolClient, path: str, body: Any) -> Any:
    answer = await ask(service, path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def registered(service: ToolClient, amount: int) -> str:
    """A refund of a customer who has had none; its id."""
    return str((await refund(service, await paid(service, 90_000), amount)).json()["refund_request_id"])


def test_the_policy_is_told_with_what_the_environment_changed_and_the_same_each_time() -> None:
    rules, stricter = rules_of(POLICY), rules_of(load_policy(auto_up_to_minor=2_000))
    assert (rules.tiers, stricter.tiers) == ((10_000, 50_000), (2_000, 50_000))
    assert rules == rules_of(load_policy())
    assert rules.digest != stricter.digest
    assert "Larger refunds are approved" in rules.text


def test_an_edit_changes_what_it_names_and_nothing_else() -> None:
    assert edited(POLICY, RulesEdit()) == POLICY
    assert rules_of(edited(POLICY, RulesEdit(tiers=(1, 2)))).tiers == (1, 2)
    other = rules_of(edited(POLICY, RulesEdit(always=True, window_days=3, customer_cap=4, shop_cap=5)))
    assert (other.always, other.window_days, other.customer_cap, other.shop_cap) == (True, 3, 4, 5)
    assert other.tiers == rules_of(POLICY).tiers


@pytest.mark.parametrize("tiers", [(2, 1), (1, 1), (1,), (1, 2, 3), ()])
def test_tiers_that_do_not_rise_or_are_not_there_are_no_policy(tiers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError):
        edited(POLICY, RulesEdit(tiers=tiers))


@pytest.mark.service
async def test_refunds_are_judged_by_the_edited_policy(service: ToolClient) -> None:
    ids = [await registered(service, amount) for amount in (5_000, 20_000)]
    asked = {"edit": {}, "refunds": [*ids, "rfd_nobody"]}
    assert (await told(service, JUDGED_PATH, asked))["approvals"] == dict(zip(ids, (0, 1), strict=True))
    asked["edit"] = {"tiers": [2_000, 15_000]}
    assert (await told(service, JUDGED_PATH, asked))["approvals"] == dict(zip(ids, (1, 2), strict=True))
    asked["edit"] = {"tiers": [5, 4]}
    found = await told(service, JUDGED_PATH, asked)
    assert (found["approvals"], "rise" in found["wrong"]) == ({}, True)


@pytest.mark.service
async def test_sums_tell_what_moved_apart_from_what_waits(service: ToolClient) -> None:
    now = int(service.clock.now().timestamp())
    span = {"since": now - 60, "until": now + 60}
    before = {one["currency"]: one for one in (await told(service, SUMS_PATH, span))["sums"]}.get("USD", {})
    await registered(service, 5_000)
    await registered(service, 20_000)
    (found,) = (await told(service, SUMS_PATH, span))["sums"]
    assert found["given_back"] - before.get("given_back", 0) == 1
    assert found["amount"] - before.get("amount", 0) == 5_000
    assert found["open"] - before.get("open", 0) == 1
    assert (await told(service, SUMS_PATH, {"since": now + 60, "until": now + 120}))["sums"] == []


@pytest.mark.service
async def test_the_policy_in_force_is_told(service: ToolClient) -> None:
    found = await told(service, RULES_PATH, {})
    assert (found["version"], found["tiers"]) == (POLICY.version, [10_000, 50_000])


@pytest.mark.service
@pytest.mark.parametrize(
    ("who", "code"),
    [
        (As(subject="cust_ada", role=Role.CUSTOMER, scopes=(RULES_SCOPE,)), ProblemCode.FORBIDDEN),
        (As(subject="orchestrator", role=Role.SERVICE, scopes=("billing.refund",)), ProblemCode.INSUFFICIENT_SCOPE),
    ],
    ids=["customer", "other_scope"],
)
@pytest.mark.parametrize("path", [RULES_PATH, JUDGED_PATH, SUMS_PATH])
async def test_no_customer_and_no_other_scope_looks_back(
    service: ToolClient, path: str, who: As, code: ProblemCode
) -> None:
    assert_problem(await ask(service, path, {}, who), code)


@pytest.mark.service
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RULES_PATH, {"more": 1}), (JUDGED_PATH, {"edit": {"tiers": [-1]}, "refunds": []}),
        (JUDGED_PATH, {"edit": {}, "refunds": ["' OR 1=1"]}), (SUMS_PATH, {"since": 1, "until": "x"}),
    ],
)  # fmt: skip
async def test_what_is_no_question_is_refused(service: ToolClient, path: str, body: Any) -> None:
    assert_problem(await ask(service, path, body), ProblemCode.INVALID_REQUEST)

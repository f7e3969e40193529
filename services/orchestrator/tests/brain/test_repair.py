"""What a model proposes runs only when it fits the tool's schema; safe repairs are made and named."""

import random
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.turn import FinalMessage, ToolCall, Usage
from orchestrator.brain.port import BrainContext, BrainError, Draft, OnText, Plan, ToolSpec
from orchestrator.brain.repair import Accepted, Rejected, check_call, propose
from orchestrator.brain.schemas import errors_of

DATED = ToolSpec(
    "book", "Books.",
    {"type": "object", "additionalProperties": False, "required": ["day"], "properties": {
        "day": {"type": "string", "format": "date"}, "at": {"type": "string", "format": "date-time"},
        "gift": {"type": "boolean"}, "weight": {"type": "number"},
    }},
    write=True,
)  # fmt: skip


def accepted(name: str, arguments: dict[str, Any], tools: tuple[ToolSpec, ...]) -> Accepted:
    verdict = check_call(ToolCall(name=name, arguments=arguments), tools)
    assert isinstance(verdict, Accepted), verdict
    return verdict


def rejected(name: str, arguments: dict[str, Any], tools: tuple[ToolSpec, ...]) -> Rejected:
    verdict = check_call(ToolCall(name=name, arguments=arguments), tools)
    assert isinstance(verdict, Rejected), verdict
    return verdict


def test_a_correct_call_passes_unchanged(tools: tuple[ToolSpec, ...]) -> None:
    verdict = accepted("get_order_status", {"order_id": "ABC123"}, tools)
    assert verdict == Accepted(ToolCall(name="get_order_status", arguments={"order_id": "ABC123"}))


@pytest.mark.parametrize(
    ("written", "meant"),
    [("ABC123 ", "ABC123"), ("#1234", "1234"), ("abc123", "ABC123"), (1234, "1234"), ("Order #XYZ789", "XYZ789"),
     ("order number: 5678", "5678")],
)  # fmt: skip
def test_an_order_number_is_brought_into_its_one_spelling(
    written: object, meant: str, tools: tuple[ToolSpec, ...]
) -> None:
    verdict = accepted("get_order", {"order_id": written}, tools)
    assert verdict.call.arguments == {"order_id": meant}
    assert verdict.coercions == ("order_id",)


def refund(**changes: Any) -> dict[str, Any]:
    return {"order_id": "1234", "amount_minor": 5000, "currency": "USD", "reason": "broken"} | changes


def test_digits_in_quotes_are_a_number(tools: tuple[ToolSpec, ...]) -> None:
    verdict = accepted("issue_refund", refund(amount_minor="5000", currency="usd"), tools)
    assert verdict.call.arguments == refund()
    assert verdict.coercions == ("amount_minor", "currency")


@pytest.mark.parametrize("amount", ["50.00", "fifty", 50.0, 49.99, -5000, 0, True, None, "5,000", 10**30, "", [5000]])
def test_an_amount_that_could_be_read_in_two_ways_is_not_guessed(amount: object, tools: tuple[ToolSpec, ...]) -> None:
    verdict = rejected("issue_refund", refund(amount_minor=amount), tools)
    assert verdict.reason in ("invalid_arguments", "malformed")
    assert verdict.errors


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Customer Asked", "customer_asked"), ("NOT-AUTHORISED", "not_authorised"), ("not_authorized", "not_authorised"),
     ("budgets", "budget")],
)  # fmt: skip
def test_an_enum_is_recognised_by_its_spelling(written: str, meant: str, tools: tuple[ToolSpec, ...]) -> None:
    verdict = accepted("handoff_human", {"reason": written, "summary": "Help."}, tools)
    assert verdict.call.arguments["reason"] == meant


def test_an_enum_value_that_resembles_none_is_refused(tools: tuple[ToolSpec, ...]) -> None:
    assert rejected("handoff_human", {"reason": "because", "summary": "Help."}, tools).errors[0].startswith("/reason")


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [({"day": "2026/3/1"}, {"day": "2026-03-01"}), ({"day": "1 March 2026"}, {"day": "2026-03-01"}),
     ({"day": "2026-03-01", "gift": "Yes"}, {"day": "2026-03-01", "gift": True}),
     ({"day": "2026-03-01", "weight": "1.5"}, {"day": "2026-03-01", "weight": 1.5}),
     ({"day": "2026-03-01", "at": "2026-03-01 10:00+00:00"}, {"day": "2026-03-01", "at": "2026-03-01T10:00:00+00:00"})],
)  # fmt: skip
def test_dates_booleans_and_numbers_are_repaired_where_they_say_one_thing(
    arguments: dict[str, Any], meant: dict[str, Any]
) -> None:
    assert accepted("book", arguments, (DATED,)).call.arguments == meant


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"day": "01/02/2026"}, "/day"), ({"day": "tomorrow"}, "/day"), ({"day": "2026-02-30"}, "/day"),
     ({"day": "2026-03-01", "gift": 1}, "/gift"), ({"day": "2026-03-01", "at": "2026-03-01 10:00"}, "/at"),
     ({"day": "2026-03-01", "weight": float("nan")}, "not finite")],
)  # fmt: skip
def test_what_could_mean_two_things_is_refused(arguments: dict[str, Any], named: str) -> None:
    verdict = rejected("book", arguments, (DATED,))
    assert [named in one for one in verdict.errors] == [True]


def test_empty_optional_arguments_are_left_out(tools: tuple[ToolSpec, ...]) -> None:
    verdict = accepted("get_invoice_pdf", {"order_id": "ABC123", "invoice_number": ""}, tools)
    assert verdict.call.arguments == {"order_id": "ABC123"}


def test_a_name_in_camel_case_is_the_same_name(tools: tuple[ToolSpec, ...]) -> None:
    assert accepted("get_order", {"orderId": "ABC123"}, tools).call.arguments == {"order_id": "ABC123"}


def test_two_spellings_of_one_argument_are_refused(tools: tuple[ToolSpec, ...]) -> None:
    verdict = rejected("get_order", {"orderId": "ABC123", "OrderID": "XYZ789"}, tools)
    assert verdict.reason == "invalid_arguments"


def test_an_unknown_argument_is_never_dropped(tools: tuple[ToolSpec, ...]) -> None:
    verdict = rejected("get_order", {"order_id": "ABC123", "customer_id": "cust_ben"}, tools)
    assert "customer_id" in str(verdict.errors)


@pytest.mark.parametrize("name", ["read_kb", "Search-KB", "functions.search_kb", "knowledge_search"])
def test_aliases_and_spellings_lead_to_the_canonical_name(name: str, tools: tuple[ToolSpec, ...]) -> None:
    verdict = accepted(name, {"query": "returns"}, tools)
    assert verdict.call.name == "search_kb"
    assert verdict.coercions == ("name",)


@pytest.mark.parametrize("name", ["delete_order", "search", "search_kbs", "get_order_statu", "eval"])
def test_an_unknown_tool_is_refused_with_the_names_of_the_known_ones(name: str, tools: tuple[ToolSpec, ...]) -> None:
    verdict = rejected(name, {"query": "returns"}, tools)
    assert verdict.reason == "unknown_tool"
    assert "search_kb" in verdict.errors[0]


def test_no_tool_runs_when_none_is_offered() -> None:
    assert rejected("search_kb", {"query": "returns"}, ()).reason == "not_allowed"


def test_a_tool_whose_schema_points_outside_cannot_be_called() -> None:
    spec = ToolSpec("leak", "", {"$ref": "http://127.0.0.1:9/schema.json"}, write=False)
    assert rejected("leak", {"a": 1}, (spec,)).reason == "not_allowed"


GOOD_CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_order", {"order_id": "ABC123"}),
    ("issue_refund", {"order_id": "1234", "amount_minor": 5000, "currency": "USD", "reason": "broken"}),
    ("create_ticket", {"subject": "Help me", "body": "It broke.", "category": "order", "priority": "high"}),
    ("search_kb", {"query": "returns", "top_k": 5, "product_tags": ["tents"]}),
    ("handoff_human", {"reason": "policy", "summary": "Asked."}),
)
ODD_TEXTS = (
    "", " ", "ABC123 ", "#1234", "\x00", "\ud800", "🙂" * 40, "\u202eABC", "' OR 1=1 --", "${x}", "x" * 9_000, "NaN",
    "null", "1e999", "0x10", "٣٤", "<email_k7q2m4xd>", "{\"a\":", "ＡＢＣ１２３",
)  # fmt: skip
ODD_NUMBERS = (0, -1, 10**30, -(10**30), 2**63, 1.5, -0.0, 1e308, float("inf"), float("nan"), 5000.0, True)
KEYS = ("order_id", "orderId", "amount_minor", "limit", "reason", "__class__", "", "\ud800", "é", "order_id ", 7)


def odd_value(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.randrange(7 if depth < 4 else 4)
    if kind in (0, 1):
        return dice.choice(ODD_TEXTS)
    if kind == 2:
        return dice.choice(ODD_NUMBERS)
    if kind == 3:
        return dice.choice((None, b"x", object(), {1}, ...))
    if kind == 4:
        return [odd_value(dice, depth + 1) for _ in range(dice.randrange(3))]
    if kind == 5:
        return tuple(odd_value(dice, depth + 1) for _ in range(dice.randrange(3)))
    return {dice.choice(KEYS): odd_value(dice, depth + 1) for _ in range(dice.randrange(3))}


def odd_call(dice: random.Random) -> tuple[str, dict[Any, Any]]:
    """A good call with one to three things wrong: its name, a value, a missing, an added or a renamed argument."""
    name, arguments = dice.choice(GOOD_CALLS)
    changed: dict[Any, Any] = dict(arguments)
    for _ in range(dice.randrange(1, 4)):
        match dice.randrange(5):
            case 0:
                name = dice.choice((name.upper(), f" {name}", name[:-1], "read_kb", "delete_order", "", "\ud800", "🙂"))
            case 1 if changed:
                changed[dice.choice(list(changed))] = odd_value(dice)
            case 2 if changed:
                changed.pop(dice.choice(list(changed)))
            case 3:
                changed[dice.choice(KEYS)] = odd_value(dice)
            case _ if changed:
                key = dice.choice(list(changed))
                changed[str(key).title()] = changed.pop(key)
            case _:
                changed = {}
    return name, changed


def test_of_ten_thousand_odd_calls_none_raises_and_none_passes_that_does_not_fit(tools: tuple[ToolSpec, ...]) -> None:
    dice = random.Random(20261121)
    verdicts = [must_hold(*odd_call(dice), tools) for _ in range(10_000)]
    refused = verdicts.count(False)
    assert 5_000 < refused < 10_000, "most are refused, and what only looks odd still passes"


@given(
    arguments=st.dictionaries(
        st.sampled_from(["order_id", "email", "note"]) | st.text(max_size=6),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12), st.lists, max_leaves=4
        ),
        max_size=3,
    )
)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_arguments_are_what_fits_is_accepted_and_what_is_accepted_fits(
    arguments: dict[str, Any], tools: tuple[ToolSpec, ...]
) -> None:
    spec = next(tool for tool in tools if tool.name == "add_order_note")
    assert must_hold("add_order_note", arguments, tools) or errors_of(spec.parameters, arguments)


def must_hold(name: str, arguments: dict[Any, Any], tools: tuple[ToolSpec, ...]) -> bool:
    """Whether the call was accepted. Refusals have reasons; what is accepted fits and survives the wire unchanged."""
    verdict = check_call(ToolCall.model_construct(kind="tool_call", name=name, arguments=arguments), tools)
    if isinstance(verdict, Rejected):
        assert verdict.errors
        return False
    spec = next(tool for tool in tools if tool.name == verdict.call.name)
    sent = orjson.loads(orjson.dumps(verdict.call.arguments))
    assert sent == verdict.call.arguments
    assert not errors_of(spec.parameters, sent)
    return True


def test_endless_nesting_is_refused_and_does_not_exhaust_the_stack(tools: tuple[ToolSpec, ...]) -> None:
    value: Any = "x"
    for _ in range(50_000):
        value = [value]
    call = ToolCall.model_construct(kind="tool_call", name="search_kb", arguments={"query": value})
    verdict = check_call(call, tools)
    assert isinstance(verdict, Rejected)
    assert verdict.reason == "malformed"


class Scripted:
    """A Brain that gives its plans in turn."""

    name = "small"

    def __init__(self, *plans: ToolCall | FinalMessage | BrainError, model: str = "small") -> None:
        self.plans = list(plans)
        self.asked: list[BrainContext] = []
        self.model = model

    async def plan(self, context: BrainContext, on_text: OnText) -> Plan:
        self.asked.append(context)
        plan = self.plans.pop(0)
        if isinstance(plan, BrainError):
            raise plan
        return Plan(plan, Usage(tokens_in=10, tokens_out=1), self.model, streamed=isinstance(plan, FinalMessage))

    async def draft(self, context: BrainContext, on_text: OnText) -> Draft:
        raise AssertionError("nothing is drafted here")


BAD = ToolCall(name="get_order", arguments={"order": "ABC123"})
GOOD = ToolCall(name="get_order", arguments={"order_id": "ABC123"})


async def test_a_call_is_checked_with_the_values_of_its_tokens_and_its_errors_name_none(ask: Any, shown: Any) -> None:
    values = {"<email_k7q2m4xd>": "ada@example.com", "<order_k7q2m4xd>": "abc123", "<card_k7q2m4xd>": "4111"}

    def restore(arguments: dict[str, Any]) -> dict[str, Any]:
        return {key: values.get(item, item) for key, item in arguments.items()}

    def mask(text: str) -> str:
        for token, value in values.items():
            text = text.replace(value, token)
        return text

    async def proposed(**arguments: Any) -> Any:
        call = ToolCall(name="get_order", arguments=arguments)
        return (await propose(Scripted(call, call), ask("hi"), shown, restore, mask)).proposal

    assert (await proposed(email="<email_k7q2m4xd>")).arguments == {"email": "ada@example.com"}
    assert (await proposed(order_id="<order_k7q2m4xd>")).arguments == {"order_id": "ABC123"}
    refused = await proposed(email="<card_k7q2m4xd>")
    assert isinstance(refused, Rejected)
    assert "<card_k7q2m4xd>" in str(refused.errors)
    assert "4111" not in str(refused.errors)


async def test_a_bad_call_is_asked_again_with_its_exact_errors(ask: Any, shown: Any) -> None:
    brain = Scripted(BAD, GOOD)
    proposed = await propose(brain, ask("What did I order in ABC123?"), shown)
    assert proposed.proposal == GOOD
    assert proposed.repairs == ("reprompted",)
    assert proposed.usage == Usage(tokens_in=20, tokens_out=2)
    assert "order" in brain.asked[1].repair[0]
    assert brain.asked[1] == replace(brain.asked[0], repair=brain.asked[1].repair)


async def test_after_two_bad_calls_it_gives_up_and_nothing_runs(ask: Any, shown: Any) -> None:
    brain = Scripted(BAD, BAD, GOOD)
    proposed = await propose(brain, ask("What did I order?"), shown)
    assert isinstance(proposed.proposal, Rejected)
    assert proposed.repairs == ("reprompted", "gave_up")
    assert len(brain.plans) == 1


async def test_a_malformed_reply_is_asked_again(ask: Any, shown: Any) -> None:
    broken = BrainError("malformed", usage=Usage(tokens_in=5), errors=("the reply is not valid JSON",))
    brain = Scripted(broken, FinalMessage(text="Hello."))
    proposed = await propose(brain, ask("hi"), shown)
    assert (proposed.proposal, proposed.streamed) == (FinalMessage(text="Hello."), True)
    assert proposed.usage.tokens_in == 15
    assert brain.asked[1].repair == ("the reply is not valid JSON",)


async def test_when_no_model_answers_the_error_passes_with_all_that_was_spent(ask: Any, shown: Any) -> None:
    brain = Scripted(BAD, BrainError("unavailable", usage=Usage(tokens_in=3)))
    with pytest.raises(BrainError) as failed:
        await propose(brain, ask("hi"), shown)
    assert (failed.value.kind, failed.value.usage.tokens_in) == ("unavailable", 13)


async def test_an_answer_of_the_fallback_model_is_named_as_such(ask: Any, shown: Any) -> None:
    proposed = await propose(Scripted(GOOD, model="other"), ask("hi"), shown)
    assert proposed.repairs == ("fallback_model",)

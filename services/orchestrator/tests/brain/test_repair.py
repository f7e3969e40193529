"""What a model proposes runs only when it fits the tool's schema; safe repairs are made and named."""

from dataclasses import replace
from typing import Any

import jsonschema_rs
import orjson
import pytest
from contracts.turn import FinalMessage, ToolCall, Usage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orchestrator.brain.port import BrainContext, BrainError, Draft, OnText, Plan, ToolSpec
from orchestrator.brain.repair import Accepted, Rejected, check_call, propose

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
    "arguments",
    [{"day": "01/02/2026"}, {"day": "tomorrow"}, {"day": "2026-02-30"}, {"day": "2026-03-01", "gift": 1},
     {"day": "2026-03-01", "at": "2026-03-01 10:00"}, {"day": "2026-03-01", "weight": float("nan")}],
)  # fmt: skip
def test_what_could_mean_two_things_is_refused(arguments: dict[str, Any]) -> None:
    rejected("book", arguments, (DATED,))


def test_empty_optional_arguments_are_left_out(tools: tuple[ToolSpec, ...]) -> None:
    verdict = accepted("get_invoice_pdf", {"order_id": "ABC123", "invoice_number": ""}, tools)
    assert verdict.call.arguments == {"order_id": "ABC123"}


def test_a_name_in_camel_case_is_the_same_name(tools: tuple[ToolSpec, ...]) -> None:
    assert accepted("get_order", {"orderId": "ABC123"}, tools).call.arguments == {"order_id": "ABC123"}


def test_two_spellings_of_one_argument_are_refused(tools: tuple[ToolSpec, ...]) -> None:
    rejected("get_order", {"orderId": "ABC123", "OrderID": "XYZ789"}, tools)


def test_an_unknown_argument_is_never_dropped(tools: tuple[ToolSpec, ...]) -> None:
    rejected("get_order", {"order_id": "ABC123", "customer_id": "cust_ben"}, tools)


def test_masked_personal_data_passes_the_check_and_stays_masked(tools: tuple[ToolSpec, ...]) -> None:
    assert accepted("get_order", {"email": "<email_1>"}, tools).call.arguments == {"email": "<email_1>"}


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


ODD_TEXT = st.one_of(
    st.text(max_size=40), st.sampled_from(["ABC123", "\x00", "\ud800", "🙂" * 40, "‮ABC", "' OR 1=1", "${x}", "x" * 9000]),
    st.text(alphabet=st.characters(categories=["Cs", "Cc", "Mn"]), max_size=8),
)  # fmt: skip
ODD_NUMBER = st.one_of(
    st.integers(min_value=-(10**40), max_value=10**40), st.floats(), st.sampled_from([0, -0.0, 2**63, 1e308])
)
ODD_VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), ODD_NUMBER, ODD_TEXT, st.binary(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(ODD_TEXT, inner, max_size=4)),
    max_leaves=12,
)
NAMES = st.one_of(
    st.sampled_from(["get_order", "issue_refund", "create_ticket", "search_kb", "handoff_human", "read_kb", "nope"]),
    ODD_TEXT,
)
FIELDS = st.one_of(
    st.sampled_from(["order_id", "email", "amount_minor", "currency", "reason", "query", "limit", "subject", "body",
                     "category", "priority", "summary", "product_tags", "orderId", "__class__"]), ODD_TEXT,
)  # fmt: skip


@given(name=NAMES, arguments=st.dictionaries(FIELDS, ODD_VALUE, max_size=5))
@settings(
    max_examples=10_000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_of_ten_thousand_odd_calls_none_raises_and_none_passes_that_does_not_fit(
    name: str, arguments: dict[str, Any], tools: tuple[ToolSpec, ...]
) -> None:
    call = ToolCall.model_construct(kind="tool_call", name=name, arguments=arguments)
    verdict = check_call(call, tools)
    if isinstance(verdict, Rejected):
        assert verdict.errors
        return
    spec = next(tool for tool in tools if tool.name == verdict.call.name)
    sent = orjson.loads(orjson.dumps(verdict.call.arguments))
    assert sent == verdict.call.arguments, "it goes over the wire as it was checked"
    assert jsonschema_rs.is_valid(spec.parameters, sent)


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

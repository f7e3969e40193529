"""From a task to the next step: a tool call with its arguments, or a sentence that says why there is none. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.tools.retrieval import Channel
from contracts.turn import Role, ToolCall
from orchestrator.brain.offline.phrasing import shown_id
from orchestrator.brain.offline.rules import MAX_PLAIN_WORDS, is_no, is_only_a_ticket, is_yes, unambiguous
from orchestrator.brain.offline.slots import Slots, read_slots
from orchestrator.brain.offline.understanding import Task
from orchestrator.brain.port import BrainContext

_PRIVATE = frozenset({
    "order_status", "order_content", "invoice", "refund_request", "refund_status", "order_change",
})  # fmt: skip
#: What a guest may ask for who can prove a mail address, where its tool is offered.
_BY_ADDRESS: Mapping[str, str] = {"order_status": "get_order_status", "order_content": "get_order"}
_CATEGORY: Mapping[str, str] = {
    "order_status": "order", "order_content": "order", "order_change": "order", "invoice": "billing",
    "refund_request": "refund", "refund_status": "refund", "knowledge": "product",
}  # fmt: skip
#: From this likeness on to what is not ours the help pages are not asked.
_SURELY_ELSE = 0.52
MAX_BODY = 4_000
MIN_BODY_WORDS = 5
MAX_REASON = 480


@dataclass(frozen=True, slots=True)
class Say:
    """A phrase instead of a call."""

    key: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TicketWanted:
    """A ticket is to be opened; its wording needs the phrases."""

    category: str
    body: str
    order_id: str | None


def decide(task: Task, context: BrainContext) -> ToolCall | TicketWanted | Say:
    """The first step for a task."""
    if _is_closed(task, context):
        helped = is_guests(task, context) and offered("search_kb", context)
        return _search(task.query, context) if helped else Say("sign_in")
    slots = task.slots
    match task.intent:
        case "order_status":
            return _lookup("get_order_status", slots, "which_order", context)
        case "order_content":
            return _lookup("get_order", slots, "which_order", context)
        case "invoice":
            return _invoice(slots, context)
        case "refund_request":
            return _refund(task, context)
        case "refund_status":
            return _lookup("get_refund", slots, "which_order", context)
        case "order_change":
            return Say("change_not_here", _about(slots))
        case "knowledge":
            return _search(task.query, context)
        case "out_of_scope" if task.confidence < _SURELY_ELSE:
            # What only sounds like no business of ours may stand in the help pages.
            return _search(task.query, context) if offered("search_kb", context) else Say("out_of_scope")
        case "human":
            return _human(task, context)
        case "open_ticket":
            return _ticket(task, context)
        case _:
            return Say(task.intent)


def is_guests(task: Task, context: BrainContext) -> bool:
    """Whether a guest asks for what only a customer has, and may hear first what the help pages say of it."""
    named = task.slots.names_something or task.confidence == 1.0
    return _is_closed(task, context) and not named


def _is_closed(task: Task, context: BrainContext) -> bool:
    """Whether what is asked for is a customer's, and who asks is none."""
    if context.customer or task.intent not in _PRIVATE:
        return False
    return not (context.may_prove and task.intent in _BY_ADDRESS)


def offered(name: str, context: BrainContext) -> bool:
    """Whether the tool may be called now."""
    return any(tool.name == name for tool in context.tools)


def _lookup(tool: str, slots: Slots, question: str, context: BrainContext) -> ToolCall | Say:
    if slots.order_id is None and slots.email is None:
        return Say(question)
    if not offered(tool, context):
        return Say("not_available")
    if slots.order_id is not None:
        return ToolCall(name=tool, arguments={"order_id": slots.order_id})
    return ToolCall(name=tool, arguments={"email": slots.email})


def _invoice(slots: Slots, context: BrainContext) -> ToolCall | Say:
    if slots.invoice_number is not None and offered("get_invoice_pdf", context):
        return ToolCall(name="get_invoice_pdf", arguments={"invoice_number": slots.invoice_number})
    if slots.invoice_number is None and slots.order_id is None:
        return Say("which_invoice")
    return _lookup("get_invoice_pdf", slots, "which_invoice", context)


def _refund(task: Task, context: BrainContext) -> ToolCall | Say:
    slots = task.slots
    if not offered("issue_refund", context):
        return Say("refund_not_here", _about(slots))
    if slots.order_id is None:
        return Say("refund_which_order")
    amount = None if slots.amount is None else (slots.amount.minor, slots.amount.currency)
    if amount is None and slots.whole:
        total = _total_of(slots.order_id, context)
        if total is None and offered("get_order", context):
            # All of it was asked for: what that is, only the order can say.
            return ToolCall(name="get_order", arguments={"order_id": slots.order_id})
        amount = total
    if amount is None:
        return Say("refund_how_much", (("order", slots.order_id),))
    arguments = {
        "order_id": slots.order_id, "amount_minor": amount[0], "currency": amount[1],
        "reason": _line(task.about, MAX_REASON),
    }  # fmt: skip
    return ToolCall(name="issue_refund", arguments=arguments)


def _total_of(order_id: str, context: BrainContext) -> tuple[int, str] | None:
    for one in context.observations:
        if one.tool == "get_order" and one.output is not None and one.output["order_id"] == order_id:
            total: dict[str, Any] = one.output["total"]
            return total["amount_minor"], total["currency"]
    return None


def _search(query: str, context: BrainContext) -> ToolCall | Say:
    if not offered("search_kb", context):
        return Say("nothing_found")
    arguments: dict[str, Any] = {"query": query}
    if context.channel in (Channel.SLACK, Channel.EMAIL):
        arguments["channel"] = context.channel
    return ToolCall(name="search_kb", arguments=arguments)


def _human(task: Task, context: BrainContext) -> ToolCall | Say:
    if not offered("handoff_human", context):
        return Say("human_not_here")
    summary = _line(f"The customer asked for a person. {task.about}", 1_900)
    return ToolCall(name="handoff_human", arguments={"reason": "customer_asked", "summary": summary})


def _ticket(task: Task, context: BrainContext) -> ToolCall | TicketWanted | Say:
    if not offered("create_ticket", context):
        return _human(task, context) if offered("handoff_human", context) else Say("ticket_not_here")
    said = [one.text for one in context.history if one.role is Role.CUSTOMER][-3:]
    lines = dict.fromkeys(line.strip() for line in (*said, *task.about.split("\n"), context.question))
    body = "\n".join(line for line in lines if len(line.split()) > MAX_PLAIN_WORDS or not (is_yes(line) or is_no(line)))
    told = [line for line in body.split("\n") if not is_only_a_ticket(line)]
    if sum(len(line.split()) for line in told) < MIN_BODY_WORDS and task.slots.order_id is None:
        return Say("ticket_about_what")
    topic = next(
        (one for line in reversed(body.split("\n")) if (one := unambiguous(line, read_slots(line))) in _CATEGORY), ""
    )
    category = _CATEGORY.get(topic or "", "order" if task.slots.order_id else "other")
    return TicketWanted(category, body[:MAX_BODY], task.slots.order_id)


def _about(slots: Slots) -> tuple[tuple[str, str], ...]:
    about = f" about order {shown_id(slots.order_id)}" if slots.order_id else ""
    return (("about_order", about),)


def _line(text: str, limit: int) -> str:
    return " ".join(text.split())[:limit]

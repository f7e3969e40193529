"""From a task to the next step: a tool call with its arguments, or a sentence that says why there is none. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.tools.retrieval import Channel
from contracts.turn import Role, ToolCall
from orchestrator.brain.offline.owning import Order, had, meant
from orchestrator.brain.offline.phrasing import shown_id
from orchestrator.brain.offline.rules import MAX_PLAIN_WORDS, hinted, is_no, is_only_a_ticket, is_yes, wants_change
from orchestrator.brain.offline.slots import Slots, read_slots, remembered_order
from orchestrator.brain.offline.understanding import NOT_OURS, Task
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
MAX_BODY = 4_000
MIN_BODY_WORDS = 5
MAX_REASON = 480


@dataclass(frozen=True, slots=True)
class Say:
    """A phrase instead of a call. `orders`: the customer's own, to choose from."""

    key: str
    facts: tuple[tuple[str, str], ...] = ()
    orders: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """How an order stands that the list of their orders has told of."""

    order: Order


@dataclass(frozen=True, slots=True)
class TicketWanted:
    """A ticket is to be opened; its wording needs the phrases."""

    category: str
    body: str
    order_id: str | None


def decide(task: Task, context: BrainContext) -> ToolCall | TicketWanted | Told | Say:
    """The first step for a task."""
    if _is_closed(task, context):
        helped = is_guests(task, context) and offered("search_kb", context)
        return _search(task.query, context) if helped else Say("sign_in")
    if _names_none_of_theirs(task, context):
        found = _own(task, context)
        if not isinstance(found, str):
            return found
        task = replace(task, slots=replace(task.slots, order_id=found))
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
            return _change(slots, context)
        case "knowledge":
            return _search(task.query, context)
        case "out_of_scope" if task.confidence < NOT_OURS:
            # What only sounds like no business of ours may stand in the help pages.
            return _search(task.query, context) if offered("search_kb", context) else Say("out_of_scope")
        case "human":
            return _human(task, context)
        case "serious":
            return _human(task, context, "policy", "The customer writes of something that a person must see.")
        case "open_ticket":
            return _ticket(task, context)
        case _:
            return Say(task.intent)


def _names_none_of_theirs(task: Task, context: BrainContext) -> bool:
    """Whether a customer wants something of an order of theirs, and does not say which."""
    listed = offered("list_orders", context) or any(one.tool == "list_orders" for one in context.observations)
    return context.customer and task.intent in _PRIVATE and not task.slots.names_something and listed


def _own(task: Task, context: BrainContext) -> str | ToolCall | Told | Say:
    """The number of the order that is meant, or what leads to it: the list of their orders, or the question which."""
    listed = next((one for one in context.observations if one.tool == "list_orders"), None)
    if listed is None:
        return ToolCall(name="list_orders", arguments={})
    if listed.output is None:
        return Say("which_order")
    orders = tuple(listed.output["orders"])
    if not orders:
        return Say("no_orders")
    one = meant(task.about, orders, task.intent, remembered_order(context.history))
    if task.if_theirs and task.intent == "order_status":
        one = had(task.about, orders)
    if one is None:
        return Say("which_of_orders", orders=orders)
    return Told(one) if task.if_theirs else str(one["order_id"])


def _change(slots: Slots, context: BrainContext) -> ToolCall | Say:
    """Whether it has left already is the first thing that somebody wants to know who cannot change it here."""
    known = slots.order_id is None or _seen("get_order_status", slots.order_id, context) is not None
    if known or not offered("get_order_status", context):
        return change_not_here(slots)
    return ToolCall(name="get_order_status", arguments={"order_id": slots.order_id})


def change_not_here(slots: Slots) -> Say:
    """That orders are changed by people, and a ticket for it."""
    return Say("change_not_here", _about(slots))


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
    minor, currency = (None, None) if slots.amount is None else (slots.amount.minor, slots.amount.currency)
    if currency is None and (minor is not None or slots.whole):
        total = _total_of(slots.order_id, context)
        if total is None and offered("get_order", context):
            # What all of it is, and in which currency it was paid, only the order can say.
            return ToolCall(name="get_order", arguments={"order_id": slots.order_id})
        if total is not None:
            minor, currency = (total[0] if minor is None else minor), total[1]
    if minor is None or currency is None:
        return Say("refund_how_much", (("order", slots.order_id),))
    arguments = {
        "order_id": slots.order_id, "amount_minor": minor, "currency": currency,
        "reason": _line(task.about, MAX_REASON),
    }  # fmt: skip
    return ToolCall(name="issue_refund", arguments=arguments)


def _total_of(order_id: str, context: BrainContext) -> tuple[int, str] | None:
    order = _seen("get_order", order_id, context)
    return None if order is None else (order["total"]["amount_minor"], order["total"]["currency"])


def _seen(tool: str, order_id: str, context: BrainContext) -> Mapping[str, Any] | None:
    """What a tool has told of an order in this turn."""
    told = (one.output for one in context.observations if one.tool == tool and one.output is not None)
    return next((output for output in told if output["order_id"] == order_id), None)


def _search(query: str, context: BrainContext) -> ToolCall | Say:
    if not offered("search_kb", context):
        return Say("nothing_found")
    arguments: dict[str, Any] = {"query": query}
    if context.channel in (Channel.SLACK, Channel.EMAIL):
        arguments["channel"] = context.channel
    return ToolCall(name="search_kb", arguments=arguments)


def _human(
    task: Task, context: BrainContext, reason: str = "customer_asked", why: str = "The customer asked for a person."
) -> ToolCall | Say:
    if not offered("handoff_human", context):
        return Say("human_not_here")
    return ToolCall(
        name="handoff_human", arguments={"reason": reason, "summary": _line(f"{why} {task.about}", 1_900)}
    )  # fmt: skip


def _ticket(task: Task, context: BrainContext) -> ToolCall | TicketWanted | Say:
    if not offered("create_ticket", context):
        return _human(task, context) if offered("handoff_human", context) else Say("ticket_not_here")
    said = [one.text for one in context.history if one.role is Role.CUSTOMER][-3:]
    lines = dict.fromkeys(line.strip() for line in (*said, *task.about.split("\n"), context.question))
    body = "\n".join(line for line in lines if len(line.split()) > MAX_PLAIN_WORDS or not (is_yes(line) or is_no(line)))
    told = [line for line in body.split("\n") if not is_only_a_ticket(line)]
    if sum(len(line.split()) for line in told) < MIN_BODY_WORDS and task.slots.order_id is None:
        return Say("ticket_about_what")
    topic = next((one for line in reversed(body.split("\n")) if (one := _topic(line)) in _CATEGORY), "")
    category = _CATEGORY.get(topic or "", "order" if task.slots.order_id else "other")
    return TicketWanted(category, body[:MAX_BODY], task.slots.order_id)


def _topic(line: str) -> str | None:
    return hinted(line, read_slots(line)) or ("order_change" if wants_change(line) else None)


def _about(slots: Slots) -> tuple[tuple[str, str], ...]:
    about = f" about order {shown_id(slots.order_id)}" if slots.order_id else ""
    return (("about_order", about),)


def _line(text: str, limit: int) -> str:
    return " ".join(text.split())[:limit]

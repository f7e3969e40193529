"""Answers from tool results: short, and made of nothing but what the results say."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scripted_llm.request import ToolResult

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_WORD = re.compile(r"[a-z0-9]{3,}")
_TICKET = "Would you like me to open a ticket for you?"


def answer_from(question: str, results: Sequence[ToolResult]) -> str:
    """One paragraph per result."""
    return " ".join(_answer(question, one) for one in results)


def _answer(question: str, result: ToolResult) -> str:
    value = result.value
    if not isinstance(value, dict) or "error" in value:
        return f"I'm sorry, I could not find that for you. {_TICKET}"
    match result.tool:
        case "get_order_status" | "get_order":
            return _order(value)
        case "list_orders":
            return " ".join(map(_order, value.get("orders", ()))) or "You have no orders with us yet."
        case "get_invoice_pdf":
            return (
                f"Here is your invoice {value.get('invoice_number', '')}: [download the PDF]({value.get('url', '')})."
            )
        case "search_kb":
            return _knowledge(question, value)
        case "issue_refund":
            return "Your refund is on its way."
        case "create_ticket":
            return f"I have opened ticket {value.get('number', '')} for you."
        case _:
            return "That is done."


def _order(value: dict[str, Any]) -> str:
    sentences = [f"Your order {_masked(str(value.get('order_id', '')))} is {_plain(value.get('status'))}."]
    if value.get("eta") and value.get("status") == "shipped":
        sentences.append(f"It should arrive on {_day(str(value['eta']))}.")
    items = value.get("items") or ()
    if items:
        sentences.append("It contains " + ", ".join(f"{one['quantity']} × {one['name']}" for one in items) + ".")
    return " ".join(sentences)


def _knowledge(question: str, value: dict[str, Any]) -> str:
    passages = value.get("passages") or []
    if not passages:
        return f"I have nothing on that in our help pages. {_TICKET}"
    best = passages[0]
    marker = best.get("n", best.get("chunk_id", 1))
    if not value.get("answerable", True):
        return f"I have nothing on exactly that; the nearest page is “{best.get('title', '')}” [{marker}]. {_TICKET}"
    wanted = set(_WORD.findall(question.lower()))
    sentences = [one.strip() for one in _SENTENCE.findall(str(best.get("text", ""))) if len(one.strip()) > 15]
    sentence = max(
        sentences, key=lambda one: len(wanted & set(_WORD.findall(one.lower()))), default="See our help page."
    )
    return f"{sentence} [{marker}]"


def _masked(order_id: str) -> str:
    return order_id if order_id.startswith("<") else f"••{order_id[-4:]}"


def _plain(status: Any) -> str:
    return str(status or "known to us").replace("_", " ")


def _day(moment: str) -> str:
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return f"{when:%A}, {when.day} {when:%B}"

"""The default answers: what a decent support model would do with the question and the results that it has.

The demo and the load tests run on this, so it must take sensible steps, not clever ones.
"""

import re
from typing import Any

from scripted_llm.answers import answer_from
from scripted_llm.replies import CallTools, Reply, Say
from scripted_llm.request import ChatRequest

_ORDER_ID = re.compile(r"<order_[a-z2-7]{8}>|\b(?=[A-Za-z0-9-]*\d)(?:[A-Z]{2,5}-?\d{2,6}|\d{4,8})\b")
_INVOICE_NO = re.compile(r"\b(INV-[A-Z0-9-]+)\b", re.IGNORECASE)
_EMAIL = re.compile(r"<email_[a-z2-7]{8}>|[\w.+-]+@[\w-]+\.[\w.]+")
_AMOUNT = re.compile(
    r"(?:[$€£]|\bUSD\s*)\s?(\d{1,6})(?:[.,](\d{2}))?|\b(\d{1,6})(?:[.,](\d{2}))?\s?(?:dollars|USD|bucks)\b",
    re.IGNORECASE,
)
_HUMAN = re.compile(r"\b(human|real person|agent|representative|someone|operator|speak to a person)\b", re.IGNORECASE)
_HELLO = re.compile(r"^\s*(hi|hello|hey|good (morning|afternoon|evening))\b[\s!,.]*$", re.IGNORECASE)
_THANKS = re.compile(r"^\s*(thanks|thank you|cheers|great|perfect)\b", re.IGNORECASE)
_POLICY = re.compile(
    r"\b(polic(y|ies)|returns?|warranty|sla|delivery (time|cost)|shipping (cost|fee)|how (do|can|long)|privacy)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(r"\b(where|order|parcel|package|status|track|arrive|shipped)\b", re.IGNORECASE)
_ORDERS = re.compile(r"\b(what|which|list|show)\b.*\bmy (\w+ )?orders\b|\borders (are mine|do i have)\b", re.IGNORECASE)
_ITEMS = re.compile(r"\b(items?|what did i (buy|order)|what('s| is) in|contents?)\b", re.IGNORECASE)
_YES = re.compile(r"^\s*(yes|yeah|yep|sure|ok|okay|please do|go ahead)\b", re.IGNORECASE)
_OFFERED = re.compile(r"open a ticket|create a ticket", re.IGNORECASE)

Wanted = tuple[str, dict[str, Any]]


def decide(request: ChatRequest) -> Reply:
    """The reply to a request that no script covers."""
    wanted = [one for one in _wanted(request) if one[0] in request.tools]
    if len(request.results) < len(wanted):
        return CallTools((wanted[len(request.results)],))
    if request.results:
        return Say(answer_from(request.question, request.results))
    return Say(_small_talk(request.question))


def _wanted(request: ChatRequest) -> list[Wanted]:
    """The calls that the question asks for, in the order in which to make them."""
    question = request.question
    if _HUMAN.search(question):
        return [("handoff_human", {"reason": "customer_asked", "summary": _line(question)})]
    if _YES.search(question) and request.earlier and _OFFERED.search(request.earlier[-1]):
        return [("create_ticket", {"subject": "Help wanted", "body": " / ".join(request.earlier[-4:])[:4000]})]
    if _HELLO.search(question) or _THANKS.search(question):
        return []
    calls = _private_calls(question)
    if not calls or _POLICY.search(question):
        calls.append(("search_kb", {"query": question[:1000] or "help"}))
    return calls


def _private_calls(question: str) -> list[Wanted]:
    order = _ORDER_ID.search(question)
    invoice = _INVOICE_NO.search(question)
    lowered = question.lower()
    if "refund" in lowered and order:
        return _refund(question, order.group(0))
    if invoice:
        return [("get_invoice_pdf", {"invoice_number": invoice.group(1).upper()})]
    if order and ("invoice" in lowered or "receipt" in lowered):
        return [("get_invoice_pdf", {"order_id": order.group(0)})]
    if order and _ITEMS.search(question):
        return [("get_order", {"order_id": order.group(0)})]
    if order:
        return [("get_order_status", {"order_id": order.group(0)})]
    address = _EMAIL.search(question)
    if address and _ORDER.search(question):
        return [("get_order_status", {"email": address.group(0)})]
    return [("list_orders", {})] if _ORDERS.search(question) else []


def _refund(question: str, order_id: str) -> list[Wanted]:
    amount = _AMOUNT.search(question)
    if amount is None:
        return [("get_order", {"order_id": order_id})]
    whole, cents = amount.group(1) or amount.group(3), amount.group(2) or amount.group(4) or "00"
    minor = int(whole) * 100 + int(cents)
    arguments = {"order_id": order_id, "amount_minor": minor, "currency": "USD", "reason": _line(question)}
    return [("issue_refund", arguments)]


def _line(text: str) -> str:
    return " ".join(text.split())[:400] or "No details given"


def _small_talk(question: str) -> str:
    if _THANKS.search(question):
        return "You're welcome! Is there anything else I can help you with?"
    if _HELLO.search(question):
        return "Hello! I can look up your orders and invoices and answer questions about our shop. How can I help?"
    return "Could you tell me a little more? An order number such as ABC123 helps me to find what you need."

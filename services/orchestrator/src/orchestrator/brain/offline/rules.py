"""Phrases that mean one thing only. They come before the embeddings, which know likeness but not exactness."""

import re

from orchestrator.brain.offline.slots import Slots

_QUESTION = re.compile(
    r"^\W*(?:how|when|what|why|who|which|where|can|could|do|does|is|are|am|will|may|would|should)\b", re.I
)
_HOW = re.compile(
    r"\b(?:how (?:long|do|does|can|much time|many days)|when (?:will|do|does|can)|polic(?:y|ies)|what if)\b", re.I
)
_PERSON = (
    r"(?:a |an |the |your )?(?:real |live |actual |human )*"
    r"(?:humans?|person|people|agent|representative|rep|operator|somebody|someone|supervisor|manager|colleague|"
    r"team ?member|advisor|employee|customer (?:service|support|care)|support team|staff)"
)
_HUMAN = re.compile(
    rf"\b(?:talk|speak|chat|connect(?: me)?|transfer(?: me)?|put me through|hand (?:me )?over|escalate)"
    rf"(?: directly)? (?:to|with|over to) {_PERSON}\b"
    rf"|\b(?:get|give|want|need) (?:me )?(?:to (?:talk|speak|chat) (?:to|with) )?{_PERSON}\b(?! (?:for|to (?:sign|be)))"
    r"|^\W*(?:human|agent|representative|operator|real person)(?:,? please)?\W*$",
    re.I,
)
_IDENTITY = re.compile(
    r"\b(?:are|r) (?:you|u) (?:a |an |really |just |actually )*(?:bot|robot|human|person|real|ai|machine|computer|"
    r"chatgpt|gpt|llm|language model|automated)\b|^\W*who (?:are|made|built|created) you\W*$|^\W*what are you\W*$"
    r"|\b(?:talking|speaking|chatting) (?:to|with) an? (?:bot|robot|machine|computer|ai|human|real person|person)\b",
    re.I,
)
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|hiya|howdy|good (?:morning|afternoon|evening|day)|greetings)(?: (?:there|all|team))?\W*$",
    re.I,
)
_THANKS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|great|perfect|cool|nice|awesome),? )?(?:many |lots of )?"
    r"(?:thanks|thank you|thx|cheers|ty)\b(?!.*\?)",
    re.I,
)
_YES = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|sure|ok|okay|of course|absolutely|please do|go ahead|do it|definitely|correct|right)\b",
    re.I,
)
_NO = re.compile(
    r"^\W*(?:no|nope|nah|never ?mind|not now|forget it|leave it)\b(?! (?:order|parcel|news|one|idea))", re.I
)
_TICKET = re.compile(
    r"\b(?:open|create|file|raise|submit|make|log|start|need|want)\b.{0,20}\b(?:ticket|(?:support |a )case)\b", re.I
)
_REFUND = re.compile(r"\b(?:refund(?:ed)?|reimburse(?:ment|d)?|money back|pay (?:me )?back|credit back)\b", re.I)
_WHEREABOUTS = re.compile(r"\b(?:where(?:'s| is)?|status|arrived?|received?|come|track|long|still waiting)\b", re.I)
_INVOICE = re.compile(r"\b(?:invoices?|receipts?|bills?)\b", re.I)
_INVOICE_TOPIC = re.compile(r"\b(?:how|vat (?:number|id)|company name|change|wrong|correct|policy)\b", re.I)
_CHANGE = re.compile(
    r"\b(?:cancel|stop|amend|modify|edit|change|update|correct|swap|add|remove|switch)\b.{0,40}"
    r"\b(?:order|address|item|size|colou?r|quantity|delivery|shipment|it)\b",
    re.I,
)
_CONTENT = re.compile(
    r"\b(?:what(?:'s| is| was| did| have)?|which|show|list|see|tell)\b.{0,30}"
    r"\b(?:in (?:my|the|this|that) order|items?|products?|contents?|details|did i (?:buy|order|purchase))\b"
    r"|\bhow much (?:did i pay|was|is) (?:for )?(?:my|the|this|order)\b|\btotal of (?:my|the|order)\b",
    re.I,
)
_STATUS = re.compile(
    r"\bwhere(?:'s| is| are)? (?:my|the|our) .{0,15}\b(?:order|parcel|package|delivery|shipment|stuff|things?)\b"
    r"|\b(?:track|status|where|eta|arriv\w*|deliver(?:ed|y)?|ship(?:ped|ping)?|progress|on (?:its|the) way|update)\b",
    re.I,
)  # fmt: skip


def unambiguous(text: str, slots: Slots) -> str | None:
    """The intent that the words leave no doubt about; None when the embeddings must say."""
    if _HUMAN.search(text):
        return "human"
    if _IDENTITY.search(text):
        return "identity"
    if _GREETING.search(text):
        return "greeting"
    if _TICKET.search(text):
        return "open_ticket"
    if (money := _about_money(text, slots)) is not None:
        return money
    if slots.order_id is not None and (order := _about_order(text)) is not None:
        return order
    return "thanks" if _THANKS.search(text) else None


def is_yes(text: str) -> bool:
    """A plain yes, whatever follows it."""
    return _YES.search(text) is not None


def is_no(text: str) -> bool:
    """A plain no, whatever follows it."""
    return _NO.search(text) is not None


def _about_money(text: str, slots: Slots) -> str | None:
    general = _HOW.search(text) is not None
    if _REFUND.search(text):
        if general or (_WHEREABOUTS.search(text) and slots.amount is None):
            # Where an earlier refund is, or how refunds work: that stands in the help pages.
            return "knowledge"
        if slots.order_id or slots.amount or slots.whole:
            return "refund_request"
    if slots.invoice_number is not None:
        return "invoice"
    if _INVOICE.search(text) and not general and not _INVOICE_TOPIC.search(text):
        return "invoice"
    return None


def _about_order(text: str) -> str | None:
    """What is wanted of the order that the message names."""
    if _CHANGE.search(text) and not (_QUESTION.search(text) and _HOW.search(text)):
        return "order_change"
    if _CONTENT.search(text):
        return "order_content"
    return "order_status" if _STATUS.search(text) else None

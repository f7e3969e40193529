"""From observations to an answer: templates for orders and money, verbatim sentences for the help pages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contracts.errors import ErrorClass
from contracts.turn import Citation
from orchestrator.brain.citing import Source, cite, named, source_line, sources_of
from orchestrator.brain.offline.asking import has_kind, parts_of, wanted_by
from orchestrator.brain.offline.extracting import Extract, Extractor
from orchestrator.brain.offline.phrasing import Phrases, shown_day, shown_extract, shown_id, shown_money, shown_time
from orchestrator.brain.port import Observation

Output = Mapping[str, Any]

_BY_CLASS = {
    ErrorClass.NOT_FOUND: "not_found", ErrorClass.NOT_AUTHORISED: "not_authorised", ErrorClass.TIMEOUT: "timeout",
    ErrorClass.TRANSIENT: "transient", ErrorClass.USER_FIXABLE: "user_fixable", ErrorClass.INTERNAL: "internal",
}  # fmt: skip

_EXPECTED = frozenset({"shipped", "processing"})
#: What an order may not have, and no mistake in its number.
_NOT_YET = {"get_invoice_pdf": "no_invoice", "get_refund": "no_refund"}
_REFUND_PHRASES = {
    "succeeded": "refund_done", "failed": "refund_failed", "denied": "refund_denied", "expired": "refund_expired",
}  # fmt: skip
#: Who asks what the shop does is shown the nearest page with the no; anybody else only from this strength of the search
#: on: below it, the page has nothing to do with what was said.
_ASKS_US = re.compile(r"(?i)\b(?:do|can|could|will|would|are|have) you\b|\byours?\b")
_NEAR = 0.25
#: A search that is hardly sure answers only where some sentence comes near what is asked. Of 514 questions about the
#: starter articles that have an answer this refuses 2, of 311 that would be answered wrongly 17.
_HARDLY_SURE, _NEAR_SENTENCE = 0.62, 0.40


@dataclass(frozen=True, slots=True)
class Answer:
    """A part of an answer with its sources. `refuses`: the help pages were found to have none."""

    text: str
    citations: tuple[Citation, ...] = ()
    refuses: bool = False


class Answerer:
    """Words for what was observed."""

    def __init__(self, phrases: Phrases, extractor: Extractor) -> None:
        self._phrases = phrases
        self._extractor = extractor

    async def answer(
        self, question: str, observations: Sequence[Observation], now: datetime, asides: frozenset[str] = frozenset()
    ) -> Answer:
        """All observations of the turn in their order; a look-up that only prepared a refund is not told, nor is one
        of the searches of `asides` that found nothing beside something that was found.
        """
        told = [one for one in observations if not _only_prepared(one, observations)]
        looked_up = any(one.output is not None for one in told if one.tool != "search_kb")
        parts: list[Answer] = []
        for one in told:
            part = await self._one(question, one, now)
            if not (looked_up and part.refuses and one.arguments.get("query") in asides):
                parts.append(part)
        text = "\n\n".join(dict.fromkeys(part.text for part in parts))
        citations = tuple(citation for part in parts for citation in part.citations)
        return Answer(text, citations, bool(parts) and all(part.refuses for part in parts))

    async def _one(self, question: str, observation: Observation, now: datetime) -> Answer:
        output = observation.output
        if output is None:
            return Answer(self._failure(observation))
        match observation.tool:
            case "search_kb":
                query = str(observation.arguments.get("query", question))
                return await self._knowledge(query, observation, output, _last(question, query))
            case "get_order_status":
                return Answer(self.status(output, now))
            case "get_order":
                return Answer(f"{self.status(output, now)} {self._content(output, now)}")
            case "get_invoice_pdf":
                return Answer(self._invoice(output))
            case "issue_refund" | "approve_refund" | "get_refund":
                return Answer(self._refund(output))
            case "create_ticket":
                due = shown_time(output["first_reply_due"], now, self._phrases.language)
                return Answer(self._phrases.say("ticket_made", number=output["number"], day=due))
            case "handoff_human":
                due = shown_time(output["reply_due"], now, self._phrases.language)
                return Answer(self._phrases.say("handed_over", number=output["ticket_number"], day=due))
            case "add_order_note":
                return Answer(self._phrases.say("note_added", order=shown_id(output["order_id"])))
            case "send_email":
                return Answer(self._phrases.say("email_sent"))
            case _:
                return Answer(self._phrases.say("done"))

    def _failure(self, observation: Observation) -> str:
        """What an error means for the customer. Nothing of the arguments or of the error's text is told."""
        code = observation.error_code or ""
        of_order = "order_id" in observation.arguments and observation.error_class is ErrorClass.NOT_FOUND
        if of_order and observation.tool in _NOT_YET:
            return self._phrases.say(_NOT_YET[observation.tool])
        if self._phrases.has(code):
            return self._phrases.say(code)
        return self._phrases.say(_BY_CLASS[observation.error_class or ErrorClass.INTERNAL])

    async def _knowledge(self, question: str, observation: Observation, output: Output, last: str) -> Answer:
        sources = sources_of((observation,))
        if not sources:
            return Answer(self._phrases.say("nothing_found"))
        if not output.get("answerable", True):
            near = _ASKS_US.search(question) or float(output.get("strength", 1.0)) >= _NEAR
            return self._nearest(question, sources[0]) if near else Answer(self._phrases.say("nothing_found"))
        parts = parts_of(question)
        # What the search found all of it by, it did not find each part by.
        sought = sources if len(parts) == 1 else tuple(replace(one, section=None, places=()) for one in sources)
        last = last if len(parts) == 1 else ""
        found = [one for part in parts for one in await self._extractor.extract(part, sought, last)]
        extracts = {(one.source.chunk_id, one.text): one for one in found if _bears(one, question, output)}
        if not extracts:
            return self._nearest(question, sources[0])
        citations = tuple(
            Citation(chunk_id=one.source.chunk_id, title=one.source.title, url=one.source.url, quote=one.text)
            for one in extracts.values()
        )
        told = "\n\n".join(shown_extract(one.text) for one in extracts.values())
        line = source_line(citations, self._phrases.say("source", pages="{pages}"))
        foreign = self._phrases.language != "en" and self._phrases.has("in_english")
        note = f"\n\n{self._phrases.say('in_english')}" if foreign else ""
        return Answer(f"{told}\n\n{line}{note}", citations)

    def _nearest(self, question: str, source: Source) -> Answer:
        text = self._phrases.say("nearest_page", page=named(source.title, source.url))
        return Answer(text, (cite(source, question),), refuses=True)

    def status(self, output: Output, now: datetime) -> str:
        """How an order stands, and since when."""
        order, state = shown_id(output["order_id"]), self._phrases.state(str(output["status"]))
        carrier, eta, tracking = output.get("carrier"), output.get("eta"), output.get("tracking_url")
        moving = output["status"] == "shipped"
        parts = [
            self._phrases.say("status_with_carrier", order=order, state=state, carrier=str(carrier))
            if carrier and moving
            else self._phrases.say("status", order=order, state=state)
        ]
        if eta and output["status"] in _EXPECTED:
            parts.append(self._phrases.say("status_eta", day=shown_day(eta, now, self._phrases.language)))
        else:
            parts.append(self._phrases.say("placed", day=shown_day(output["placed_at"], now, self._phrases.language)))
            if output["status"] == "delivered":
                day = shown_day(output["updated_at"], now, self._phrases.language)
                parts.append(self._phrases.say("last_news", day=day))
        if tracking and moving:
            parts.append(self._phrases.say("status_tracking", url=str(tracking)))
        return " ".join(parts)

    def _content(self, output: Output, now: datetime) -> str:
        """What was bought at which prices, when, and where it goes: the town."""
        items = output["items"]
        # Of a single thing the total is the price.
        single = len(items) == 1 and items[0]["quantity"] == 1
        told = [_item(one) if single else f"{_item(one)} ({shown_money(one['unit_price'])})" for one in items]
        order, total = shown_id(output["order_id"]), shown_money(output["total"])
        parts = [self._phrases.say("content", order=order, items=", ".join(told), total=total)]
        if output.get("eta") and output["status"] in _EXPECTED:
            # Else the status has told it.
            parts.append(self._phrases.say("placed", day=shown_day(output["placed_at"], now, self._phrases.language)))
        if town := output.get("ship_to"):
            parts.append(self._phrases.say("goes_to", town=str(town)))
        return " ".join(parts)

    def _invoice(self, output: Output) -> str:
        number, total = str(output["invoice_number"]), shown_money(output["total"])
        if not output.get("url"):
            return self._phrases.say("invoice_without_link", number=number, total=total)
        return self._phrases.say("invoice", number=number, total=total, url=str(output["url"]))

    def _refund(self, output: Output) -> str:
        waits = output["state"] == "confirmed" and output.get("approvals_needed", 0) > 0
        key = "refund_waiting" if waits else _REFUND_PHRASES.get(str(output["state"]), "refund_on_its_way")
        told = self._phrases.say(key, amount=shown_money(output["amount"]), order=shown_id(output["order_id"]))
        receipt = output.get("receipt_url")
        return f"{told} {self._phrases.say('refund_receipt', url=str(receipt))}" if receipt else told


def one_of_several(order: Output, phrases: Phrases) -> str:
    """An order among others of its customer: its number, what is in it, and how it stands."""
    items = ", ".join(map(_item, order["items"]))
    state = phrases.state(str(order["status"]))
    return phrases.say("own_order", order=shown_id(order["order_id"]), items=items, state=state)


def _item(item: Output) -> str:
    return f"{item['quantity']} × {item['name']}"


def _bears(extract: Extract, question: str, output: Output) -> bool:
    """Whether a quotation may be given as the answer."""
    if float(output.get("strength", 1.0)) < _HARDLY_SURE and extract.likeness < _NEAR_SENTENCE:
        return False
    # Somebody who asks for a weight or a size is not helped by a text without one.
    return wanted_by(question) != "measure" or has_kind(extract.text, "measure")


def _last(question: str, query: str) -> str:
    """What was said last, where the query holds something from before; "" where it is all of the query."""
    last = " ".join(question.split())
    return last if query != last and query.endswith(last) else ""


def _only_prepared(one: Observation, observations: Sequence[Observation]) -> bool:
    """A look-up before a refund, or a refund that staff then decided about."""
    later = {other.tool for other in observations if other.output is not None}
    if one.output is None:
        return False
    return (one.tool == "get_order" and "issue_refund" in later) or (
        one.tool == "issue_refund" and "approve_refund" in later
    )

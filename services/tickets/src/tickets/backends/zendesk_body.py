"""What a draft is in Zendesk's words. Pure."""

import hashlib
import re
from typing import Any

from contracts.tools.tickets import TicketPriority
from tickets.backends.port import HandoffDraft, TicketDraft

_PRIORITIES = {
    TicketPriority.LOW: "low", TicketPriority.NORMAL: "normal", TicketPriority.HIGH: "high",
    TicketPriority.URGENT: "urgent",
}  # fmt: skip
_PLACEHOLDER = re.compile(r"\{(?=[{%])")
#: Ours are fewer: a ticket that nobody took yet, or that waits for somebody else, is open to the customer.
_STATUSES = {"pending": "pending", "solved": "solved", "closed": "closed"}


def person_ref(requester: str) -> str:
    """The external id of a requester without an e-mail address: a hash, for the subject is nobody's business there."""
    return "aiguy_" + hashlib.sha256(b"requester\x00" + requester.encode()).hexdigest()[:32]


def status_of(theirs: str) -> str:
    """Our status."""
    return _STATUSES.get(theirs, "open")


def plain(text: str) -> str:
    """What was written, without a placeholder that Zendesk would fill in: `{{ticket.requester.phone}}`, `{% … %}`."""
    return _PLACEHOLDER.sub("{\u200b", text)


def ticket_body(draft: TicketDraft, ref: str, requester: dict[str, Any], order_field: int | None) -> dict[str, Any]:
    """The ticket of a customer: what they wrote is its first, public comment."""
    tags = [f"aiguy_{draft.category.value}"]
    return _body(draft, ref, requester, order_field, tags, {"body": plain(draft.body), "public": True})


def handoff_body(draft: HandoffDraft, ref: str, requester: dict[str, Any], order_field: int | None) -> dict[str, Any]:
    """The ticket of a hand-over: summary and transcript are an internal note."""
    about = draft.ticket
    parts = [draft.summary, draft.transcript, f"Conversation: {about.conversation_id}" if about.conversation_id else ""]
    tags = ["aiguy_handoff", f"aiguy_reason_{draft.reason.value}"]
    note = {"body": plain("\n\n".join(part for part in parts if part)), "public": False}
    return _body(about, ref, requester, order_field, tags, note)


def _body(
    draft: TicketDraft, ref: str, requester: dict[str, Any], order_field: int | None, tags: list[str],
    comment: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    more: dict[str, Any] = {}
    if draft.order_id is not None and order_field is not None:
        more["custom_fields"] = [{"id": order_field, "value": draft.order_id}]
    elif draft.order_id is not None:
        tags = [*tags, f"order_{draft.order_id.lower()}"]
    return {
        "external_id": ref,
        "subject": plain(draft.subject),
        "comment": comment,
        "priority": _PRIORITIES[draft.priority],
        "tags": ["aiguy", f"aiguy_queue_{draft.queue}", *tags],
        **requester,
        **more,
    }

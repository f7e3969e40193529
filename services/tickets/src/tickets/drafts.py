"""What a call asks for, as a draft: pure, from the signed token, the arguments and the SLA policy."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from contracts.tools.tickets import CreateTicketInput, HandoffInput, TicketCategory, TicketPriority
from servicekit.auth.claims import Caller
from servicekit.clock import Clock
from servicekit.sealing.subjects import SubjectKeys
from tickets.backends.port import HandoffDraft, TicketDraft
from tickets.policy import SlaPolicy


class Asking(Protocol):
    """What the drafts need of a call; a `ToolRequest` and a `Submission` both have it."""

    @property
    def caller(self) -> Caller:
        """Who asks."""
        ...

    @property
    def clock(self) -> Clock:
        """The time now."""
        ...

    @property
    def idempotency_key(self) -> str | None:
        """The key of the write."""
        ...


@dataclass(frozen=True, slots=True)
class Drafts:
    """Makes drafts under one policy; `keys` know what people are called in our tables."""

    policy: SlaPolicy
    keys: SubjectKeys

    def ticket(self, asking: Asking, asked: CreateTicketInput) -> TicketDraft:
        """The ticket that the customer asks for."""
        return self._draft(
            asking, subject=asked.subject, body=asked.body, category=asked.category, priority=asked.priority,
            queue=self.policy.queue_for(asked.category), order_id=asked.order_id,
        )  # fmt: skip

    def handoff(self, asking: Asking, asked: HandoffInput) -> HandoffDraft:
        """The hand-over, with its ticket."""
        rule = self.policy.handoff_rule(asked.reason)
        ticket = self._draft(
            asking, subject=f"Conversation handed over: {asked.reason.value.replace('_', ' ')}", body=asked.summary,
            category=TicketCategory.OTHER, priority=rule.priority, queue=rule.queue, order_id=None,
        )  # fmt: skip
        return HandoffDraft(ticket=ticket, reason=asked.reason, summary=asked.summary, transcript=asked.transcript)

    def _draft(
        self, asking: Asking, *, subject: str, body: str, category: TicketCategory, priority: TicketPriority,
        queue: str, order_id: str | None,
    ) -> TicketDraft:  # fmt: skip
        now, caller = asking.clock.now(), asking.caller
        return TicketDraft(
            ref=reference("tkt", caller, asking.idempotency_key or "", subject, body),
            requester=caller.subject, owner=self.keys.name(caller.subject),
            guest=caller.is_guest, email=caller.email, name=caller.name,
            conversation_id=caller.conversation_id, turn_id=caller.turn_id,
            subject=subject, body=body, category=category, priority=priority, queue=queue, order_id=order_id,
            first_reply_due=self.policy.first_reply_due(priority, now),
            reply_soon_at=self.policy.reply_soon_at(priority, now), created_at=now,
        )  # fmt: skip


def reference(prefix: str, caller: Caller, key: str, *more: str) -> str:
    """An id that the same caller, key and `more` always give, and nobody else's: `tkt_` and 128 bits in hex."""
    material = "\x00".join((caller.issuer, caller.subject, key, *more)).encode()
    return f"{prefix}_{hashlib.sha256(material).hexdigest()[:32]}"

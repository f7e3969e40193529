"""A message that waits for delivery, and how an attempt to deliver it may end."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol


class Kind(StrEnum):
    """By which way it goes."""

    EMAIL = "email"
    SLACK = "slack"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message as it is stored; the same `id` at every attempt. `recipient` is an address, a channel, or a host.

    `tries` counts the attempts, with the one under way.
    """

    id: str
    kind: Kind
    recipient: str
    subject: str
    body: str
    created_at: datetime
    tries: int = 0
    #: Further headers of an e-mail as JSON (`Threading`), or "".
    headers: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The other side has it."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not now, or nobody knows. `reason` is a short word of ours. `pause_s`: none of this kind before then."""

    reason: str
    pause_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """They never will take it."""

    reason: str


Outcome = Delivered | TryAgain | Refused


class Delivery(Protocol):
    """One way out."""

    kind: ClassVar[Kind]

    async def deliver(self, message: OutboxMessage) -> Outcome:
        """One attempt. It does not raise for what the other side does."""
        ...

"""How often a caller may do something: counted by caller, conversation, address and device, in windows that all
workers share. Who they are stands in Redis as keyed hashes only.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from limits import RateLimitItem, parse_many

from contracts.errors import ProblemCode
from orchestrator.limits.policy import Allowance, LimitsPolicy
from servicekit.auth.claims import Caller
from servicekit.errors import ProblemError
from servicekit.limiter import RateLimiter
from servicekit.windows import Count

#: The caller's own limits come first: who is refused by them uses up nothing that others share.
_PARTS = ("conversation", "caller", "device", "guest_address", "address", "mailbox")
_WAIT = "Too many requests; please wait {s} seconds."
_WORDS: dict[Allowance, str] = {
    "message": "You are writing faster than we can answer. Please wait {s} seconds. To talk to a person, ask for one.",
    "human": "You have asked for a person already, and your request is on its way. Please wait {s} seconds.",
    "mail": "We cannot promise an e-mail there just now. Please send your message again, without an address.",
    "begin": "Too many new conversations. Please wait {s} seconds, or go on in the one that you have.",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from. `device` is what a browser says of itself, or "": it only makes limits stricter."""

    address: str
    device: str = ""


class Rates:
    """Counts what callers do. `factor` multiplies every amount; `pepper` keys the hashes of who they are."""

    def __init__(self, policy: LimitsPolicy, limiter: RateLimiter, pepper: bytes, factor: int = 1) -> None:
        self._limiter, self._pepper = limiter, pepper
        self._items: dict[tuple[Allowance, str], tuple[RateLimitItem, ...]] = {
            # How many mails a stranger may get is no question of how large the shop is.
            (what, part): tuple(_times(item, 1 if part == "mailbox" else factor) for item in parse_many(rate))
            for what, rates in policy.rates.items()
            for part in _PARTS
            if (rate := getattr(rates, part)) is not None
        }

    async def spend(
        self, what: Allowance, origin: Origin, caller: Caller | None = None, conversation_id: str = "",
        mailbox: str = "",
    ) -> None:  # fmt: skip
        """Count one. Raises RATE_LIMITED, in words for the person, when any of the limits is used up."""
        counts = [
            Count(item, (what, part, self._hashed(part, value)))
            for part, value in _identities(origin, caller, conversation_id, mailbox)
            for item in self._items.get((what, part), ())
        ]
        if (full := await self._limiter.spend(counts)) is not None:
            detail = _WORDS.get(what, _WAIT).format(s=max(1, ceil(full.wait_s)))
            raise ProblemError(ProblemCode.RATE_LIMITED, detail, retry_after_s=full.wait_s)

    def _hashed(self, part: str, value: str) -> str:
        return hashlib.blake2b(f"{part}|{value}".encode(), key=self._pepper, digest_size=12).hexdigest()


def _identities(origin: Origin, caller: Caller | None, conversation_id: str, mailbox: str) -> Iterator[tuple[str, str]]:
    """What a request counts as, in the order of `_PARTS`."""
    guest = caller is None or caller.is_guest
    if caller is not None:
        if conversation_id:
            # With the caller: nobody can use up the limit of somebody else's conversation.
            yield "conversation", f"{conversation_id}|{caller.issuer}|{caller.subject}"
        yield "caller", f"{caller.issuer}|{caller.subject}"
    if guest:
        if origin.device:
            yield "device", origin.device
        yield "guest_address", origin.address
    yield "address", origin.address
    if mailbox:
        yield "mailbox", mailbox


def _times(item: RateLimitItem, factor: int) -> RateLimitItem:
    return type(item)(item.amount * factor, item.multiples)

"""A write that a fork would have asked for. It runs nowhere; what is known of it without its service is said."""

import json
from dataclasses import dataclass
from typing import Any

from contracts.money import Money
from orchestrator.turn.effects import AskingEffect, CallTool, PreviewEffect
from orchestrator.turn.inputs import PlannedCall

_CUSTOMER = "its customer must confirm it"
_STAFF = "staff must approve it"
_SERVICE = "its service would say whether staff must approve it"
_ORIGINS = "what it names was said by the customer or a tool"


@dataclass(frozen=True, slots=True)
class Wish:
    """The call, what policy says of it, and the money that it names."""

    tool: str
    arguments: dict[str, Any]
    verdict: tuple[str, ...]
    money: Money | None


def wish_of(asked: AskingEffect) -> Wish | None:
    """None for what changes nothing."""
    if not isinstance(asked, CallTool | PreviewEffect) or not asked.call.write:
        return None
    call = asked.call
    return Wish(call.tool, call.arguments, tuple(_verdict(call)), money_of(call))


def money_of(call: PlannedCall) -> Money | None:
    """The money that the arguments name."""
    match call.arguments:
        case {"amount_minor": int() as minor, "currency": str() as currency} if not isinstance(minor, bool):
            return Money.model_construct(amount_minor=minor, currency=currency)
    return None


def wish_words(wish: Wish) -> str:
    """The call, what policy says of it, and its money."""
    money = () if wish.money is None else (str(wish.money),)
    arguments = json.dumps(wish.arguments, ensure_ascii=False, sort_keys=True)
    return "; ".join((f"{wish.tool} {arguments}", *wish.verdict, *money))


def _verdict(call: PlannedCall) -> list[str]:
    found = [_CUSTOMER] if call.needs_confirmation else []
    if call.needs_approval:
        found.append(_STAFF)
    elif call.approved_by is not None:
        found.append(_SERVICE)
    return [*found, _ORIGINS] if call.origins else found

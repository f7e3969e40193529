"""What is asked in Slack: messages with buttons. A button names an effect by its digest, and gives no right. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from orchestrator.channels.slack.writing import Message, pieces
from orchestrator.effects.phrases import PhraseBook
from orchestrator.journal.cards import Card
from servicekit.slack import escaped

_MAX_SECTION, _MAX_BLOCKS, _MAX_BUTTON = 2_900, 40, 75


class Press(StrEnum):
    """What a button does."""

    CONFIRM = "aiguy_confirm"
    DECLINE = "aiguy_decline"
    APPROVE = "aiguy_approve"
    DENY = "aiguy_deny"
    TAKE_OVER = "aiguy_take_over"
    HAND_BACK = "aiguy_hand_back"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a button is about: a conversation, and the card of a turn when it is about one."""

    conversation_id: str
    turn_id: str = ""
    digest: str = ""

    def to_value(self) -> str:
        """As Slack keeps it with the button."""
        return orjson.dumps([self.conversation_id, self.turn_id, self.digest]).decode()

    @classmethod
    def from_value(cls, value: str) -> "Subject | None":
        """What `to_value` wrote; None for anything else."""
        try:
            told = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(told, list) or len(told) != 3 or not all(isinstance(one, str) for one in told):
            return None
        return cls(*told)


def confirmation_card(card: Card, conversation_id: str, phrases: PhraseBook) -> Message:
    """What the customer is asked, whole, with a button for each answer."""
    until = phrases.say("slack_until", until=f"{card.expires_at:%Y-%m-%d %H:%M}")
    told = [card.summary, *(one.text for one in card.texts)]
    subject = Subject(conversation_id, card.turn_id, card.digest)
    buttons = _actions(
        _button(Press.CONFIRM, phrases.say("slack_yes"), subject, style="primary"),
        _button(Press.DECLINE, phrases.say("slack_no"), subject),
    )
    return _message([*told, until], buttons)


def approval_card(card: Card, conversation_id: str, approved_by: tuple[str, ...]) -> Message:
    """What staff are asked, with personal data as their kinds alone."""
    needed = "1 approval" if card.approvals == 1 else f"{card.approvals} approvals"
    told = [f"Waiting for {needed}: {card.summary}", *(f"Because: {one}" for one in card.reasons)]
    if approved_by:
        told.append(f"Approved so far by {', '.join(approved_by)}")
    told.append(f"Until {card.expires_at:%Y-%m-%d %H:%M} UTC. Who asked for it cannot approve it.")
    subject = Subject(conversation_id, card.turn_id, card.digest)
    buttons = _actions(
        _button(Press.APPROVE, "Approve", subject, style="primary"),
        _button(Press.DENY, "Deny", subject, style="danger"),
    )
    return _message(told, buttons)


def alert(lines: list[str], conversation_id: str, *, with_staff: bool) -> Message:
    """That a person is wanted, with the button of the step that is possible now."""
    subject = Subject(conversation_id)
    button = (
        _button(Press.HAND_BACK, "Hand back to the assistant", subject) if with_staff
        else _button(Press.TAKE_OVER, "Take over", subject)
    )  # fmt: skip
    return _message(lines, _actions(button))


def closed_card(lines: list[str]) -> Message:
    """A card that nobody is asked any more."""
    return _message(lines, None)


def _message(lines: list[str], buttons: dict[str, Any] | None) -> Message:
    told = [escaped(one) for one in lines if one]
    sections = [_section(piece) for one in told for piece in pieces(one, _MAX_SECTION)][:_MAX_BLOCKS]
    text = pieces("\n".join(told))[0]
    return Message(text, (*sections, *([buttons] if buttons else ())))


def _section(text: str) -> dict[str, Any]:
    # `verbatim`: no name or address in it becomes a mention or a link.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _actions(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(buttons)}


def _button(press: Press, label: str, subject: Subject, *, style: str = "") -> dict[str, Any]:
    button: dict[str, Any] = {
        "type": "button", "action_id": press.value, "value": subject.to_value(),
        "text": {"type": "plain_text", "text": label[:_MAX_BUTTON]},
    }  # fmt: skip
    return button | ({"style": style} if style else {})

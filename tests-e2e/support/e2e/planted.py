"""Values that nobody else has, said in every way that there is, and looked for where they must not be."""

import random
import re
import secrets
import string
from collections.abc import Callable, Iterable
from urllib.parse import unquote_plus

from e2e.visitor import Visitor
from onebox.keys import Person

Values = dict[str, str]


def planted(dice: random.Random) -> Values:
    """Values that nobody else has, in forms that pass every check digit."""
    name = f"zq{dice.randrange(10**9):09d}"
    family = f"Zq{''.join(dice.choices(string.ascii_lowercase, k=9))}"
    digits = [4, *(dice.randrange(10) for _ in range(14))]
    body = "".join(map(str, digits))
    doubled = [digit * 2 - 9 if digit * 2 > 9 else digit * 2 for digit in digits[::2]]
    card = body + str(-(sum(doubled) + sum(digits[1::2])) % 10)
    account = f"{dice.randrange(10**18):018d}"
    check = 98 - int(f"{account}131400") % 97
    return {
        "email": f"{name}@mail.example", "phone": f"+1 802 555 {dice.randrange(100, 200):04d}", "card": card,
        "iban": f"DE{check:02d}{account}", "ip": f"203.0.113.{dice.randrange(100, 250)}",
        "ssn": f"{dice.randrange(100, 600)}-{dice.randrange(10, 99)}-{dice.randrange(1000, 9999)}",
        "name": f"Sabine {family}", "address": f"{dice.randrange(10, 99)} {family} Street",
    }  # fmt: skip


def told(values: Values) -> str:
    """A message that holds all of them."""
    return (
        f"My name is {values['name']}, I live at {values['address']}, Burlington, VT 05401. "
        f"I am {values['email']}, call {values['phone']}, card {values['card']}, IBAN {values['iban']}, "
        f"my IP is {values['ip']} and my social security number is {values['ssn']}."
    )


def unmistakable(values: Values) -> list[str]:
    """Those that cannot stand in a file by chance."""
    return [values[kind] for kind in ("email", "card", "iban", "ssn", "name", "address")]


def found_in(values: Iterable[str], text: str) -> list[str]:
    """Those of the values that stand in a text: in any case, URL-encoded, or with other gaps in their digits."""
    plain = f"{text}\n{unquote_plus(text)}".lower()
    bare = re.sub(r"[\s-]", "", plain)
    return [one for one in values if one.lower() in plain or re.sub(r"[\s+-]", "", one.lower()) in bare]


async def everything_is_said(visit: Callable[[Person], Visitor], values: Values, person: Person) -> str:
    """In a chat, a ticket, a note, an opinion, a wish for a person, and a call of `/chat`; the last conversation."""
    text, visitor = told(values), visit(person)
    first = await visitor.say(f"Hello! {text}")
    view = await visitor.view(first.conversation_id)
    assert text in view["messages"][1]["text"]
    ticket = await visitor.say(f"Please open a ticket: {text} My tent broke after two days of light use.")
    if ticket.named("confirmation"):
        await visitor.decide(ticket, True)
        await visitor.follow(ticket, to_end=True)
    opinion = {"conversation_id": first.conversation_id, "turn_id": first.turn_id, "thumbs": "down", "comment": text}
    await visitor.call("POST", "/api/agent/feedback", opinion)
    await visitor.call("POST", "/chat", {"session_id": f"s-{secrets.token_hex(8)}", "message": text})
    handed = await visitor.say(f"{text} I want to talk to a person")
    assert handed.outcome == "handed_over"
    return handed.conversation_id

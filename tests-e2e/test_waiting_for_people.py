"""Nobody is there: the customer is told when somebody is, leaves an address, and is answered there and in the chat."""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from fake_imap import PASSWORD, USER, imap_server
from fake_smtp import FakeSmtp, smtp_server

from e2e.facts import nothing_owed, rows
from e2e.machine import Machine
from e2e.people import guest, stranger
from e2e.visitor import Visitor
from onebox.agent import new_turn_id
from onebox.keys import KIM
from onebox.ports import ORCHESTRATOR
from onebox.stack import SERVICES
from orchestrator.handover.policy import load_hours
from servicekit.testing import eventually
from tickets.policy import load_policy

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
SHOP = "support@shop.example"
_OWED = ("run_turn", "run_later", "mail_answer", "mail_staff", "mail_waiting", "remind_staff")
#: As if the customer had asked two hours ago.
_EARLIER = (
    "WITH turn AS (UPDATE turns SET created_at = created_at - interval '2 hours' WHERE conversation_id = $1)"
    " UPDATE hand_overs SET asked_at = asked_at - interval '2 hours', look_at = now() WHERE conversation_id = $1"
    " RETURNING id"
)


@dataclass
class Desk:
    """The stack, its mail server, and whether people are there."""

    machine: Machine
    smtp: FakeSmtp
    folder: Path

    async def opens(self, hours: str, **more: str) -> None:
        """People are there: `always`, or `never` for the next weeks."""
        path = self.folder / f"{hours}.yaml"
        away = (
            [datetime.now(UTC).date() + timedelta(days=n) for n in range(-2, 30)] if hours == "never" else list[date]()
        )
        days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        path.write_text(yaml.safe_dump({
            "version": "1", "timezone": "UTC", "open": {day: ["00:00", "23:59:59"] for day in days}, "closed": away,
            "told_after_minutes": 1, "late_after_minutes": 60,
        }))  # fmt: skip
        told = {"AIGUY_HOURS_FILE": str(path), "AIGUY_HANDOVER_EVERY_S": "0.3", "AIGUY_EMAIL_ADDRESSES": f'["{SHOP}"]'}
        secret = {"AIGUY_EMAIL_WEBHOOK_SECRET": "whsec_" + "QUFB" * 10}
        await self.machine.reconfigure(told | secret | more)
        await self.machine.ready(*SERVICES)

    def to(self, address: str) -> list[str]:
        """The words of what was sent to an address; a second delivery of one mail is one."""
        found = {str(mail["Message-ID"]): mail for mail in self.smtp.mails if mail["To"] == address}
        return [" ".join(mail.get_body(("plain",)).get_content().split()) for mail in found.values()]  # type: ignore[union-attr]

    async def settled(self) -> None:
        """Nothing is owed any more."""
        await nothing_owed(self.machine.database(ORCHESTRATOR), *_OWED)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(running_machine: Machine, tmp_path: Path) -> AsyncIterator[Desk]:
    with smtp_server() as smtp:
        await running_machine.stack.restart("tickets", smtp.settings(SHOP))
        found = Desk(running_machine, smtp, tmp_path)
        yield found
        await found.settled()
        await running_machine.stack.restart("tickets")
        await running_machine.ready(*SERVICES)


async def mailing(visitor: Visitor, conversation_id: str, wanted: str) -> dict[str, Any]:
    """What the open chat shows to who waits, once it is this about mails."""

    async def shown() -> dict[str, Any] | None:
        found = (await visitor.view(conversation_id))["hand_over"]
        return found if found and found["mailing"] == wanted else None

    return await eventually(shown, 30)


async def leaves(visitor: Visitor, conversation_id: str, address: str) -> None:
    body = {"conversation_id": conversation_id, "client_turn_id": new_turn_id(), "mail_to": address}
    answer = await visitor.call("POST", "/api/agent/handoff", body)
    assert answer.status_code == 202, answer.text


async def staff_say(kim: Visitor, conversation_id: str, text: str) -> None:
    said = {"conversation_id": conversation_id, "text": text, "client_message_id": new_turn_id()}
    assert (await kim.call("POST", "/api/agent/staff/messages", said)).status_code == 200


def someone() -> str:
    return f"gus{secrets.token_hex(4)}@example.org"


async def test_who_asks_at_night_is_answered_in_the_morning_by_mail_once_and_in_the_open_chat(
    desk: Desk, visit: Callable[..., Visitor]
) -> None:
    await desk.opens("never")
    visitor, kim, address = visit(guest(), patient=True), visit(KIM, patient=True), someone()
    handed = await visitor.say("I want to talk to a person")
    assert handed.outcome == "handed_over"
    assert "They are back" in handed.text
    conversation_id = handed.conversation_id
    waits = await mailing(visitor, conversation_id, "wanted")
    assert "Leave your e-mail address" in waits["text"]
    await leaves(visitor, conversation_id, address)
    assert (await mailing(visitor, conversation_id, "left"))["text"].endswith("g•••@example.org.")
    await desk.machine.kill(ORCHESTRATOR)
    await desk.opens("always")
    await staff_say(kim, conversation_id, "Good morning, this is Kim.")
    shown = await visitor.view(conversation_id)
    assert shown["messages"][-1]["text"] == "Good morning, this is Kim.", "at once"
    await desk.machine.kill(ORCHESTRATOR)
    await desk.machine.kill("tickets")
    await desk.machine.ready(*SERVICES)
    await eventually(lambda: desk.to(address), 90)
    await desk.settled()
    (mail,) = desk.to(address)
    assert "Good morning, this is Kim." in mail
    assert "somebody left your address" in mail


async def test_where_nobody_ever_answers_the_customer_is_told_and_told_once_more_by_mail_too(
    desk: Desk, visit: Callable[..., Visitor]
) -> None:
    await desk.opens("always")
    visitor, known = visit(guest(), patient=True), visit(person := stranger(), patient=True)
    conversations, address = [], someone()
    for one in (visitor, known):
        handed = await one.say("I want to talk to a person")
        assert "They are back" not in handed.text
        assert (await one.view(handed.conversation_id))["hand_over"]["text"] == ""
        conversations.append(handed.conversation_id)
    await leaves(visitor, conversations[0], address)
    database = desk.machine.database(ORCHESTRATOR)
    for conversation_id in conversations:
        assert len(await rows(database, _EARLIER, conversation_id)) == 1
    await desk.machine.kill(ORCHESTRATOR)
    await desk.machine.ready(*SERVICES)
    for one, conversation_id, how in zip((visitor, known), conversations, ("left", "known"), strict=True):

        async def late(one: Visitor = one, conversation_id: str = conversation_id, how: str = how) -> bool:
            told = (await mailing(one, conversation_id, how))["text"]
            return told.startswith("I am sorry that you still wait. I have reminded our team.")

        await eventually(late, 90)
    await eventually(lambda: desk.to(address) and desk.to(str(person.email)), 90)
    await desk.settled()
    for to in (address, str(person.email)):
        (mail,) = desk.to(to)
        assert "sorry that you still wait" in mail


async def test_a_mail_that_is_fetched_is_answered_once_also_when_the_process_dies(desk: Desk) -> None:
    with imap_server() as imap:
        told = {
            "AIGUY_IMAP_HOST": "127.0.0.1", "AIGUY_IMAP_PORT": str(imap.port), "AIGUY_IMAP_TLS": "none",
            "AIGUY_IMAP_USERNAME": USER, "AIGUY_IMAP_PASSWORD": PASSWORD, "AIGUY_IMAP_EVERY_S": "0.3",
            "AIGUY_IMAP_TIMEOUT_S": "1",
        }  # fmt: skip
        await desk.opens("always", **told)
        await eventually(lambda: "SEARCH" in imap.commands, 30)
        people = [someone() for _ in range(4)]
        for sender in people:
            imap.put(letter(sender))
        await eventually(lambda: len(imap.fetched) >= 1, 30)
        await desk.machine.kill(ORCHESTRATOR)
        await desk.machine.ready(*SERVICES)
        await eventually(lambda: all(desk.to(one) for one in people), 90)
        await desk.settled()
        assert [len(desk.to(one)) for one in people] == [1] * 4


def letter(sender: str) -> bytes:
    mail = EmailMessage()
    told = {"From": sender, "To": SHOP, "Subject": "Returns", "Message-ID": f"<{secrets.token_hex(8)}@example.org>"}
    for name, value in told.items():
        mail[name] = value
    mail.set_content("How long do I have to return a product?")
    return bytes(mail)


async def test_both_services_know_the_same_opening_hours() -> None:
    ours, theirs = load_hours(), load_policy()
    assert (ours.timezone, ours.open, ours.closed) == (theirs.timezone, theirs.open, theirs.closed)

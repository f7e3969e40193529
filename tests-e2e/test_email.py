"""Customers write by e-mail: a mail is answered by one of ours, once, in its thread, whatever dies meanwhile."""

import asyncio
import base64
import html
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage

import httpx
import pytest
import pytest_asyncio
from fake_smtp import FakeSmtp, smtp_server

from e2e.facts import nothing_owed, rows
from e2e.machine import Machine
from e2e.people import ADA, BEN, Person
from onebox.ports import ORCHESTRATOR
from onebox.stack import SERVICES
from orchestrator.channels.email.codes import codes_in
from orchestrator.channels.email.signing import WebhookSecret
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
SERVER = "mx.shop.example"
SHOP, SECRET = "support@shop.example", "whsec_" + base64.b64encode(b"e" * 32).decode()


@dataclass
class Office:
    """The stack with its mail server, and how mails are handed in."""

    machine: Machine
    smtp: FakeSmtp

    async def hand_in(self, mail: EmailMessage) -> str:
        """What became of a mail, handed in by the front door as a mail server does."""
        body, at, delivery = bytes(mail), str(int(time.time())), secrets.token_hex(8)
        signature = WebhookSecret.read(SECRET).signature(delivery, at, body)
        headers = {
            "webhook-id": delivery, "webhook-timestamp": at, "webhook-signature": signature,
            "content-type": "message/rfc822",
        }  # fmt: skip
        async with httpx.AsyncClient(base_url=self.machine.stack.url(), timeout=10) as client:
            answer = await client.post("/channels/email/inbound", content=body, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["outcome"])

    def to(self, address: str) -> list[EmailMessage]:
        """What was sent to an address."""
        return [mail for mail in self.smtp.mails if mail["To"] == address]

    async def answered(self, address: str, times: int = 1) -> EmailMessage:
        """The latest mail to an address, once there are so many."""
        await eventually(lambda: len(self.to(address)) >= times, 60)
        return self.to(address)[-1]

    async def settled(self) -> None:
        """Nothing is owed any more."""
        await nothing_owed(self.machine.database(ORCHESTRATOR), "run_turn", "run_later", "mail_answer")


def letter(sender: str, words: str, **headers: str) -> EmailMessage:
    """A mail to the shop; names of `headers` have underscores."""
    mail = EmailMessage()
    told = {"To": SHOP, "Subject": "A question", "Message-ID": f"<{secrets.token_hex(8)}@example.org>"}
    for name, value in ({"From": sender} | told | {key.replace("_", "-"): one for key, one in headers.items()}).items():
        del mail[name]
        mail[name] = value
    mail.set_content(words)
    return mail


def someone() -> str:
    return f"gus{secrets.token_hex(4)}@example.org"


def words(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return " ".join(str(part.get_content()).split())


@pytest_asyncio.fixture(loop_scope="session")
async def office(running_machine: Machine) -> AsyncIterator[Office]:
    with smtp_server() as smtp:
        await running_machine.stack.restart("tickets", smtp.settings(SHOP))
        await running_machine.ready(*SERVICES)
        await running_machine.reconfigure({
            "AIGUY_EMAIL_ADDRESSES": f'["{SHOP}"]', "AIGUY_EMAIL_WEBHOOK_SECRET": SECRET,
        })  # fmt: skip
        await running_machine.ready(*SERVICES)
        found = Office(running_machine, smtp)
        yield found
        await found.settled()
        await running_machine.stack.restart("tickets")
        await running_machine.ready(*SERVICES)


async def test_a_mail_is_answered_in_its_thread_with_its_sources_and_so_is_the_reply(office: Office) -> None:
    sender = someone()
    first = letter(sender, "How long do I have to return a product?", Subject="Returns")
    assert await office.hand_in(first) == "taken"
    answer = await office.answered(sender)
    assert (answer["Subject"], answer["In-Reply-To"]) == ("Re: Returns", first["Message-ID"])
    assert answer["Auto-Submitted"] == "auto-replied"
    assert "assistant" in words(answer)
    assert "https://" in words(answer), "its source"
    for sentence in words(answer).split(". ")[:3]:
        assert sentence in html.unescape(words(answer, "html")), "both parts say the same"
    again = letter(sender, "And for a gift?", To=answer["Reply-To"], Subject="Re: Returns")
    assert await office.hand_in(again) == "taken"
    second = await office.answered(sender, 2)
    assert second["Reply-To"] == answer["Reply-To"], "the same conversation"
    assert "assistant answers" not in words(second)


async def test_what_a_mail_asks_of_a_customers_order_is_not_told_to_whoever_wrote_it(office: Office) -> None:
    assert await office.hand_in(letter(ADA.email or "", "Where is my order ABC123?")) == "taken"
    told = words(await office.answered(ADA.email or "")).lower()
    assert "sign in" in told
    for private in ("shipped", "delivered", "tracking", "49.90"):
        assert private not in told


async def test_two_machines_that_answer_each_other_come_to_an_end(office: Office) -> None:
    sender = someone()
    assert await office.hand_in(letter(sender, "How long do I have to return a product?")) == "taken"
    answer = await office.answered(sender)
    back = letter(sender, "I am away until Monday.", To=answer["Reply-To"], Auto_Submitted="auto-replied")
    assert await office.hand_in(back) == "auto_submitted"
    ours = letter(SHOP, words(answer), Auto_Submitted="auto-replied")
    assert await office.hand_in(ours) == "own"
    await office.settled()
    assert len(office.to(sender)) == 1


async def test_every_mail_that_was_taken_is_answered_once_also_when_the_process_dies(office: Office) -> None:
    people = [someone() for _ in range(6)]
    mails = [letter(one, "How long do I have to return a product?") for one in people]
    assert await asyncio.gather(*map(office.hand_in, mails)) == ["taken"] * len(mails)
    await office.machine.kill(ORCHESTRATOR)
    await office.machine.ready(ORCHESTRATOR)
    assert await asyncio.gather(*map(office.hand_in, mails)) == ["taken"] * len(mails), "handed in once more"
    await office.machine.kill("tickets")
    await office.machine.ready(*SERVICES)
    await eventually(lambda: {mail["To"] for mail in office.smtp.mails} >= set(people), 90)
    await office.settled()
    found: dict[str, set[str]] = {one: {str(mail["Message-ID"]) for mail in office.to(one)} for one in people}
    assert Counter(map(len, found.values())) == {1: len(people)}, "one answer each; a second delivery has the same id"


@pytest_asyncio.fixture(loop_scope="session")
async def coded(office: Office) -> Office:
    """The office, whose receiving server says which senders are authentic: addresses can be proven."""
    await office.machine.reconfigure(office.machine.extra | {"AIGUY_EMAIL_AUTHSERV_ID": SERVER})
    await office.machine.ready(*SERVICES)
    return office


def _authentic(sender: Person) -> str:
    domain = (sender.email or "").rpartition("@")[2]
    return f"{SERVER}; dmarc=pass header.from={domain}"


async def _sent_a_code(coded: Office, person: Person, asked: str, already: int = 0) -> tuple[EmailMessage, str]:
    """The mail that answers what was asked, and the code in it."""
    address = person.email or ""
    assert await coded.hand_in(letter(address, asked)) == "taken"
    offered = await coded.answered(address, already + 1)
    (code,) = codes_in(words(offered))
    return offered, code


def _reply(person: Person, offered: EmailMessage, said: str) -> EmailMessage:
    return letter(
        person.email or "", said, To=str(offered["Reply-To"]), Subject=str(offered["Subject"]),
        Authentication_Results=_authentic(person),
    )  # fmt: skip


async def test_the_code_that_was_mailed_opens_the_own_order_once_also_when_the_process_dies(coded: Office) -> None:
    address, billing = ADA.email or "", coded.machine.database("billing")
    refunds = await rows(billing, "SELECT count(*) AS n FROM refunds")
    offered, code = await _sent_a_code(coded, ADA, "Could you tell me where my order ABC123 is?")
    assert "Parcelway" not in words(offered)
    mine = _reply(ADA, offered, code)
    assert await coded.hand_in(mine) == "taken"
    await coded.machine.kill(ORCHESTRATOR)
    await coded.machine.ready(ORCHESTRATOR)
    assert await coded.hand_in(mine) == "taken", "handed in once more"
    answer = await coded.answered(address, 2)
    assert "on its way with Parcelway" in words(answer)
    assert "https://parcelway.example/track/" in words(answer), "as who is signed in sees it"
    more = _reply(ADA, answer, "Please refund 50 USD of order 1234.")
    assert await coded.hand_in(more) == "taken"
    assert "sign in" in words(await coded.answered(address, 3)).lower()
    await coded.settled()
    assert len({str(mail["Message-ID"]) for mail in coded.to(address)}) == 3, "one answer each"
    assert await rows(billing, "SELECT count(*) AS n FROM refunds") == refunds
    logs = "".join(path.read_text(errors="replace") for path in coded.machine.stack.home.root.rglob("*.log"))
    assert code not in logs
    assert code.replace("-", "") not in logs


async def test_a_proven_address_opens_nobody_elses_order(coded: Office) -> None:
    offered, code = await _sent_a_code(coded, BEN, "Could you tell me where my order ABC123 is?")
    assert await coded.hand_in(_reply(BEN, offered, code)) == "taken"
    told = words(await coded.answered(BEN.email or "", 2))
    for private in ("on its way", "Parcelway", "Burlington", "184"):
        assert private not in told
    assert codes_in(told) == [], "it is proven: nothing more is asked for"

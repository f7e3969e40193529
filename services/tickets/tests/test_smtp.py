"""E-mail: what is handed in, over which line, and what each answer of the mail server means."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address
from pathlib import Path

import pytest

from tickets.backends.smtp import SmtpDelivery, SmtpServer
from tickets.backends.threading import Threading
from tickets.outbox.message import Delivered, Kind, OutboxMessage, Outcome, Refused, TryAgain

from .fake_smtp import CUT, HANG, PASSWORD, USER, FakeSmtp, smtp_server

SHOP = Address("Shop", addr_spec="support@shop.example")
MAIL = OutboxMessage(
    id="msg_1", kind=Kind.EMAIL, recipient="ada@example.org", subject="Your order", body="It is on its way.\n\nBye.",
    created_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
)  # fmt: skip
#: What a mail server says of us and of itself.
THEIR_WORDS = "mx7.internal upstream-internals-7f3a"


@pytest.fixture
def delivery(smtp: FakeSmtp) -> SmtpDelivery:
    return SmtpDelivery(SmtpServer(smtp.host, smtp.port, "none", timeout_s=2.0), SHOP)


@pytest.fixture
def secured(secure_smtp: FakeSmtp, smtp_certificate: Path) -> SmtpDelivery:
    server = SmtpServer(
        secure_smtp.host, secure_smtp.port, "starttls", username=USER, password=PASSWORD, ca_file=smtp_certificate,
        timeout_s=2,
    )  # fmt: skip
    return SmtpDelivery(server, SHOP, reply_to=Address(addr_spec="help@shop.example"))


async def test_a_mail_has_a_plain_and_a_simple_html_part(delivery: SmtpDelivery, smtp: FakeSmtp) -> None:
    assert await delivery.deliver(MAIL) == Delivered()
    (mail,) = smtp.mails
    assert (mail["From"], mail["To"]) == ("Shop <support@shop.example>", "ada@example.org")
    assert (mail["Subject"], mail["Date"]) == ("Your order", "Mon, 02 Mar 2026 09:00:00 +0000")
    assert (mail["Auto-Submitted"], mail["Reply-To"]) == ("auto-generated", None)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines() == ["It is on its way.", "", "Bye."]
    assert "<p>It is on its way.</p>\n<p>Bye.</p>" in html.get_content().replace("\r", "")


async def test_a_reply_address_with_a_tag_is_that_of_the_shop(secured: SmtpDelivery, secure_smtp: FakeSmtp) -> None:
    tagged = replace(MAIL, headers=Threading(reply_tag="abc", in_reply_to="a@x").to_text())
    assert await secured.deliver(tagged) == Delivered()
    (mail,) = secure_smtp.mails
    assert (mail["Reply-To"], mail["References"]) == ("help+abc@shop.example", "<a@x>")


async def test_what_was_written_is_text_in_the_html_part_too(delivery: SmtpDelivery, smtp: FakeSmtp) -> None:
    await delivery.deliver(replace(MAIL, body="<script>alert(1)</script> <a href='http://evil.example'>bank</a> $x"))
    html = smtp.mails[0].get_body(("html",))
    assert html is not None
    assert not re.search(r"<(script|a)\b", html.get_content())
    assert "&lt;script&gt;" in html.get_content()


async def test_a_repeat_is_recognised_by_its_message_id(delivery: SmtpDelivery, smtp: FakeSmtp) -> None:
    await delivery.deliver(MAIL)
    await delivery.deliver(MAIL)
    await delivery.deliver(replace(MAIL, id="msg_2"))
    first, second, other = (mail["Message-ID"] for mail in smtp.mails)
    assert first == second == "<msg_1@shop.example>"
    assert other != first
    assert smtp.mails[0].as_bytes() == smtp.mails[1].as_bytes()


@pytest.mark.parametrize(
    "subject",
    ["Hi\r\nBcc: eve@evil.example", "Hi\nBcc: eve@evil.example", "Hi\u2028Bcc: eve@evil.example", "Hi\x00\x0bthere"],
    ids=["crlf", "lf", "line_separator", "controls"],
)
async def test_a_subject_adds_no_header(delivery: SmtpDelivery, smtp: FakeSmtp, subject: str) -> None:
    assert await delivery.deliver(replace(MAIL, subject=subject)) == Delivered()
    (mail,) = smtp.mails
    assert mail["Bcc"] is None
    assert mail["To"] == "ada@example.org"
    assert mail["Subject"].startswith("Hi ")


@pytest.mark.parametrize(
    "address",
    ["ada@example.org\r\nRCPT TO:<eve@evil.example>", "ada@example.org, eve@evil.example", "Ada <ada@example.org>",
     "ada@example.org>", "", "@example.org", "ada", f"{'a' * 250}@example.org"],
)  # fmt: skip
async def test_what_is_no_plain_address_is_never_sent(delivery: SmtpDelivery, smtp: FakeSmtp, address: str) -> None:
    assert await delivery.deliver(replace(MAIL, recipient=address)) == Refused("address")
    assert smtp.mails == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("450 busy", TryAgain("recipient_refused")), (f"550 {THEIR_WORDS}", Refused("recipient_refused")),
     (HANG, TryAgain("timeout")), (CUT, TryAgain("unavailable"))],
    ids=["busy", "unknown", "hang", "cut"],
)  # fmt: skip
async def test_each_answer_about_the_recipient_has_its_outcome(
    delivery: SmtpDelivery, smtp: FakeSmtp, answer: str, outcome: Outcome
) -> None:
    smtp.rcpt.append(answer)
    assert await delivery.deliver(MAIL) == outcome
    assert smtp.mails == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("452 full", TryAgain("message_refused")), (f"554 {THEIR_WORDS}", Refused("message_refused")),
     (HANG, TryAgain("timeout")), (CUT, TryAgain("unavailable"))],
    ids=["full", "spam", "hang", "cut"],
)  # fmt: skip
async def test_each_answer_about_the_text_has_its_outcome(
    delivery: SmtpDelivery, smtp: FakeSmtp, answer: str, outcome: Outcome
) -> None:
    smtp.data.append(answer)
    assert await delivery.deliver(MAIL) == outcome
    assert smtp.mails == []


@pytest.mark.parametrize("lost", [HANG, CUT])
async def test_a_lost_answer_leads_to_the_same_mail_again(delivery: SmtpDelivery, smtp: FakeSmtp, lost: str) -> None:
    smtp.after.append(lost)
    assert isinstance(await delivery.deliver(MAIL), TryAgain)
    assert await delivery.deliver(MAIL) == Delivered()
    first, second = smtp.mails
    assert first["Message-ID"] == second["Message-ID"]


async def test_nobody_listening_is_tried_again() -> None:
    delivery = SmtpDelivery(SmtpServer("127.0.0.1", 9, "none", timeout_s=2.0), SHOP)
    assert await delivery.deliver(MAIL) == TryAgain("unavailable")


async def test_with_starttls_the_login_and_the_mail_are_encrypted(secured: SmtpDelivery, secure_smtp: FakeSmtp) -> None:
    assert await secured.deliver(MAIL) == Delivered()
    assert (secure_smtp.secure, secure_smtp.logins) == ([True], [USER])
    assert secure_smtp.mails[0]["Reply-To"] == "help@shop.example"


async def test_a_certificate_of_nobody_we_know_gets_neither_login_nor_mail(
    secured: SmtpDelivery, secure_smtp: FakeSmtp
) -> None:
    trusting_nobody_new = replace(secured, server=replace(secured.server, ca_file=None))
    assert isinstance(await trusting_nobody_new.deliver(MAIL), TryAgain)
    assert (secure_smtp.logins, secure_smtp.mails) == ([], [])


async def test_a_server_without_starttls_gets_nothing(delivery: SmtpDelivery, smtp: FakeSmtp) -> None:
    strict = replace(delivery, server=replace(delivery.server, tls="starttls"))
    assert isinstance(await strict.deliver(MAIL), TryAgain)
    assert smtp.mails == []


async def test_a_line_can_be_encrypted_from_the_first_byte(smtp_certificate: Path) -> None:
    with smtp_server(smtp_certificate, implicit=True) as running:
        server = SmtpServer(running.host, running.port, "tls", ca_file=smtp_certificate, timeout_s=2)
        assert await SmtpDelivery(server, SHOP).deliver(MAIL) == Delivered()
        assert len(running.mails) == 1
        stranger = replace(server, ca_file=None)
        assert await SmtpDelivery(stranger, SHOP).deliver(MAIL) == TryAgain("unavailable")
        assert len(running.mails) == 1


async def test_a_wrong_login_is_for_our_operators(secured: SmtpDelivery, secure_smtp: FakeSmtp) -> None:
    wrong = replace(secured, server=replace(secured.server, password="wrong"))
    assert await wrong.deliver(MAIL) == TryAgain("refuses_us")
    assert secure_smtp.mails == []

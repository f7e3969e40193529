"""Who hands mails in, whose word of a sender counts, what belongs to a conversation, and what nobody answers."""

import pytest

from orchestrator.channels.email.authentication import is_authentic
from orchestrator.channels.email.letters import Letter
from orchestrator.channels.email.loops import Ignored, ignored
from orchestrator.channels.email.mail import Mail
from orchestrator.channels.email.parsing import parse
from orchestrator.channels.email.replies import own_address, replied_to, reply_tag
from orchestrator.channels.email.signing import WINDOW_S, WebhookSecret
from orchestrator.channels.email.wording import message_of

OWN = ("support@shop.example",)
KEY = b"k" * 32
CONVERSATION = "cnv_" + "0123456789abcdef" * 2
SECRET = WebhookSecret.read("whsec_" + "QUFB" * 10)


def mail(*headers: str, sender: str = "ada@example.org", body: str = "Where is it?") -> Mail:
    return parse("\r\n".join((f"From: {sender}", "Subject: Parcel", *headers, "", body)).encode())


def test_what_a_person_writes_is_answered() -> None:
    assert ignored(mail("Auto-Submitted: no", "Return-Path: <ada@example.org>", "Precedence: normal"), OWN) is None


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Auto-Submitted: auto-replied", Ignored.AUTO_SUBMITTED),
        ("Auto-Submitted: auto-generated; owner=x", Ignored.AUTO_SUBMITTED),
        ("X-Auto-Response-Suppress: All", Ignored.AUTO_SUBMITTED),
        ("X-Autoreply: yes", Ignored.AUTO_SUBMITTED),
        ("Precedence: bulk", Ignored.BULK),
        ("Precedence: Auto_Reply", Ignored.BULK),
        ("List-Id: <news.example.org>", Ignored.LIST),
        ("List-Unsubscribe: <https://example.org/off>", Ignored.LIST),
        ("Return-Path: <>", Ignored.BOUNCE),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x", Ignored.BOUNCE),
    ],
)
def test_what_a_machine_sends_is_not(header: str, why: Ignored) -> None:
    assert ignored(mail(header), OWN) is why


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        ("support@shop.example", Ignored.OWN),
        ("Support+abc@SHOP.example", Ignored.OWN),
        ("MAILER-DAEMON@mx.example.org", Ignored.AUTO_SUBMITTED),
        ("no-reply@example.org", Ignored.AUTO_SUBMITTED),
        ("", Ignored.NO_SENDER),
    ],
)
def test_nor_what_we_sent_ourselves_or_nobody_did(sender: str, why: Ignored) -> None:
    assert ignored(mail(sender=sender), OWN) is why


@pytest.mark.parametrize(
    "subject",
    ["Automatic reply: Parcel", "Out of Office", "Abwesenheitsnotiz: Ihr Paket", "Réponse automatique : colis"],
)
def test_nor_what_its_subject_calls_an_automatic_answer(subject: str) -> None:
    found = parse(f"From: ada@example.org\r\nSubject: {subject}\r\nContent-Type: text/plain\r\n\r\nI am away".encode())
    assert ignored(found, OWN) is Ignored.AUTO_SUBMITTED


def test_an_empty_mail_is_not_answered_and_one_with_a_file_is() -> None:
    assert ignored(parse(b"From: ada@example.org\r\n\r\n"), OWN) is Ignored.EMPTY
    named = parse(b'From: ada@example.org\r\nContent-Disposition: attachment; filename="a.pdf"\r\n\r\nxx')
    assert ignored(named, OWN) is None
    assert "a.pdf" in message_of(named, begins=True)


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("mx.shop.example; dmarc=pass header.from=example.org", True),
        ("mx.shop.example 1; spf=pass smtp.mailfrom=x.org; dmarc=pass (p=reject) header.from=Example.ORG", True),
        ("mx.shop.example; dmarc=fail header.from=example.org", False),
        ("mx.shop.example; spf=pass smtp.mailfrom=example.org; dkim=pass header.d=example.org", False),
        ("mx.shop.example; dmarc=pass header.from=evil.example", False),
        ("mx.shop.example; dmarc=pass", False),
        ("mx.shop.example; dmarc=fail header.from=example.org; dmarc=pass header.from=example.org", False),
        ("mx.shop.example; dmarc=fail (dmarc=pass header.from=example.org)", False),
        ("mx.evil.example; dmarc=pass header.from=example.org", False),
        ("mx.shop.example.evil.example; dmarc=pass header.from=example.org", False),
        ("", False),
    ],
)
def test_a_sender_is_who_they_say_by_the_word_of_our_own_server_alone(told: str, believed: bool) -> None:
    assert is_authentic(mail(f"Authentication-Results: {told}"), "mx.shop.example") is believed
    assert not is_authentic(mail(f"Authentication-Results: {told}"), "")


def test_a_result_that_the_sender_wrote_stands_below_that_of_our_server_and_counts_for_nothing() -> None:
    forged = "Authentication-Results: mx.shop.example; dmarc=pass header.from=example.org"
    ours = "Authentication-Results: mx.shop.example; dmarc=fail header.from=example.org"
    assert not is_authentic(mail(ours, forged), "mx.shop.example")


def test_a_reply_address_names_its_conversation_whatever_the_capitals() -> None:
    address = f"support+{reply_tag(CONVERSATION, KEY)}@shop.example"
    assert len(address.partition("@")[0]) <= 64
    for written in (address, address.upper()):
        assert replied_to(["eve@evil.example", written], OWN, KEY) == CONVERSATION


@pytest.mark.parametrize("change", ["conversation", "mac", "key", "domain", "local", "none"])
def test_a_tag_that_is_not_ours_names_nothing(change: str) -> None:
    tag, key = reply_tag(CONVERSATION, KEY), KEY
    address = {
        "conversation": f"support+1{tag[1:]}@shop.example",
        "mac": f"support+{tag[:-1]}{'a' if tag[-1] != 'a' else 'b'}@shop.example",
        "key": f"support+{reply_tag(CONVERSATION, b'x' * 32)}@shop.example",
        "domain": f"support+{tag}@evil.example",
        "local": f"sales+{tag}@shop.example",
        "none": "support@shop.example",
    }[change]
    assert replied_to([address], OWN, key) is None


@pytest.mark.parametrize("wrong", ["", "support", "sup+port@shop.example", "a-name-that-is-too-long@shop.example"])
def test_an_address_without_room_for_a_tag_is_refused_at_the_start(wrong: str) -> None:
    with pytest.raises(ValueError, match="plain mail address"):
        own_address(wrong)


def signed(body: bytes = b"mail", at: int = 1_000, delivery: str = "d-1") -> dict[str, str]:
    signature = SECRET.signature(delivery, str(at), body)
    return {"webhook-id": delivery, "webhook-timestamp": str(at), "webhook-signature": f"v1,AAAA {signature}"}


def test_a_fresh_signature_of_these_bytes_is_good() -> None:
    assert SECRET.verified(signed(), b"mail", 1_000 + WINDOW_S) == SECRET.signature("d-1", "1000", b"mail")


@pytest.mark.parametrize(
    ("changed", "body", "now"),
    [
        ({}, b"another mail", 1_000), ({}, b"mail", 1_001 + WINDOW_S), ({}, b"mail", 999 - WINDOW_S),
        ({"webhook-id": "d-2"}, b"mail", 1_000), ({"webhook-timestamp": "1001"}, b"mail", 1_000),
        ({"webhook-timestamp": "1000.0"}, b"mail", 1_000), ({"webhook-timestamp": "9" * 4000}, b"mail", 1_000),
        ({"webhook-signature": ""}, b"mail", 1_000), ({"webhook-signature": "v1,\u00fc"}, b"mail", 1_000),
        ({"webhook-id": ""}, b"mail", 1_000),
    ],
)  # fmt: skip
def test_any_other_is_not(changed: dict[str, str], body: bytes, now: int) -> None:
    assert SECRET.verified(signed() | changed, body, now) is None


@pytest.mark.parametrize("wrong", ["", "whsec_", "whsec_QUFB", "QUFB" * 10, "whsec_%%%"])
def test_a_weak_secret_is_refused_and_not_quoted(wrong: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes") as refused:
        WebhookSecret.read(wrong)
    assert not wrong.removeprefix("whsec_") or wrong not in str(refused.value)


def test_an_answer_names_the_mail_and_its_thread_the_oldest_first() -> None:
    letter = Letter.from_bytes(Letter("c@x", ("b@x", "a@x"), "Parcel").to_bytes())
    assert letter.answered() == {"in_reply_to": "c@x", "references": ["a@x", "b@x", "c@x"]}
    assert Letter("", ("b@x",), "").answered() == {}
    assert [Letter("", (), one).subject_again("Yours") for one in ("Parcel", "AW: Parcel", "  ")] == [
        "Re: Parcel", "AW: Parcel", "Yours",
    ]  # fmt: skip


def test_the_subject_is_said_where_a_conversation_begins_and_no_message_is_longer_than_in_the_chat() -> None:
    assert message_of(mail(), begins=True) == "Parcel\n\nWhere is it?"
    assert message_of(mail(), begins=False) == "Where is it?"
    assert len(message_of(mail(body="word " * 2000), begins=False)) <= 4000

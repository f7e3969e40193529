"""What is read of a mail: the new words, whatever program wrote it, and something of any bytes."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.channels.email.parsing import parse

HEAD = b"From: Ada <ada@example.org>\r\nTo: support@shop.example\r\nSubject: Parcel\r\nMessage-ID: <a1@example.org>\r\n"


def test_the_sender_the_ids_and_the_words_are_read() -> None:
    mail = parse(
        HEAD
        + b"In-Reply-To: <b2@shop.example>\r\nReferences: <z@x> <b1@shop.example>\r\n <b2@shop.example>\r\n\r\nHi\r\n"
    )
    assert (mail.sender, mail.subject, mail.text) == ("ada@example.org", "Parcel", "Hi")
    assert mail.message_id == "a1@example.org"
    assert mail.references == ("b2@shop.example", "b1@shop.example", "z@x")
    assert mail.recipients == ("support@shop.example",)


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 2 Mar 2026 at 09:00, Shop <support@shop.example> wrote:\n> Your secret order.\n> Bye",
        "Am 02.03.2026 um 09:00 schrieb Shop <support@shop.example>:\n> Your secret order.",
        "Le lun. 2 mars 2026 à 09:00, Shop <support@shop.example> a écrit :\n> Your secret order.",
        "-- \nAda Lovelace\nAnalytical Engines Ltd, secret street 5",
        "-----Original Message-----\nFrom: Shop <support@shop.example>\nSent: Monday\nSubject: Parcel\n\nYour secret.",
    ],
    ids=["gmail", "german", "french", "signature", "outlook"],
)
def test_what_is_quoted_or_signed_is_no_new_word(quoted: str) -> None:
    mail = parse(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + f"Where is it?\n\n{quoted}\n".encode())
    assert "Where is it?" in mail.text
    assert "secret" not in mail.text


def test_a_mail_of_html_alone_is_read_as_text() -> None:
    html = (
        "<html><head><style>p{color:red}</style><script>alert('x')</script></head><body><p>Where is my parcel&nbsp;"
        "&lt;3</p><div>Thanks<br>Ada</div><div class='gmail_quote'><blockquote>secret</blockquote></div></body></html>"
    )
    mail = parse(HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode())
    assert mail.text.startswith("Where is my parcel <3\n")
    for gone in ("secret", "alert", "color", "<p"):
        assert gone not in mail.text


def test_the_plain_part_is_taken_and_files_are_named_and_not_read() -> None:
    made = EmailMessage()
    made["From"], made["Subject"] = "ada@example.org", "=?utf-8?q?Gr=C3=BC=C3=9Fe?="
    made.set_content("Plain words")
    made.add_alternative("<p>other words</p>", subtype="html")
    made.add_attachment(b"%PDF secret", maintype="application", subtype="pdf", filename="invoice ü.pdf")
    made.add_attachment("secret text", filename="notes.txt")
    inner = EmailMessage()
    inner.set_content("secret of another mail")
    made.add_attachment(inner)
    mail = parse(bytes(made))
    assert (mail.subject, mail.text) == ("Grüße", "Plain words")
    assert mail.attachments[:2] == ("invoice ü.pdf", "notes.txt")


@pytest.mark.parametrize(
    ("charset", "body", "read"),
    [
        (b"", "Grüße".encode(), "Grüße"),
        (b"; charset=utf-8", "Grüße".encode("cp1252"), "Grüße"),
        (b"; charset=no-such-thing", "Grüße".encode("cp1252"), "Grüße"),
        (b"; charset=shift_jis", "こんにちは".encode("shift_jis"), "こんにちは"),
        (b"; charset=utf-7", b"Hello", "Hello"),
    ],
    ids=["missing", "a lie", "unknown", "japanese", "utf-7"],
)
def test_odd_charsets_are_read(charset: bytes, body: bytes, read: str) -> None:
    assert parse(HEAD + b"Content-Type: text/plain" + charset + b"\r\n\r\n" + body).text == read


@pytest.mark.parametrize(
    "sender",
    [
        b"", b"From: \r\n", b"From: Ada\r\n", b"From: a@example.org, b@example.org\r\n",
        b"From: a@example.org\r\nFrom: b@example.org\r\n", b"From: <a@localhost\x00>\r\n",
    ],
    ids=["none", "empty", "no address", "two", "two headers", "odd"],
)  # fmt: skip
def test_without_one_sender_there_is_none(sender: bytes) -> None:
    assert parse(sender + b"Subject: x\r\n\r\nHi").sender == ""


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", HEAD, HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"]),
)
def test_any_bytes_are_some_mail(odd: bytes, head: bytes) -> None:
    mail = parse(head + odd)
    assert "\x00" not in mail.text
    assert all("\n" not in value for values in mail.headers.values() for value in values)


def test_a_mail_as_large_as_may_be_is_read_and_its_words_are_cut() -> None:
    mail = parse(HEAD + b"\r\n" + b"> quoted\r\nWords of no end. \r\n" * 380_000)
    assert 0 < len(mail.text) <= 40_000


def test_parts_within_parts_have_an_end() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(300)
    )
    assert parse(HEAD + deep + b"Content-Type: text/plain\r\n\r\nHi").sender == "ada@example.org"

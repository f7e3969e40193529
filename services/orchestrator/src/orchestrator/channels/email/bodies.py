"""The words of a mail: the plain part, else the HTML as text; without what is quoted, and without a signature. Pure."""

import html
import re
from collections.abc import Sequence
from email.message import Message

import nh3
from mailparser_reply import EmailReplyParser

#: Longer letters are cut before they are searched for quotations.
_MAX_CHARS = 40_000
_LANGUAGES = ["en", "de", "es", "fr", "it", "nl"]
_ENDS = re.compile(r"(?i)<(?:br|/p|/div|/li|/tr|/h[1-6]|/blockquote)\b[^>]*>")
#: What mail programs put around the mail that is answered.
_QUOTED = re.compile(
    r"(?is)<blockquote\b.*</blockquote>|<div[^>]+(?:class=[\"']?gmail_(?:quote|signature)|id=[\"']?(?:divRplyFwdMsg"
    r"|appendonsend)).*"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def body_of(parts: Sequence[Message]) -> str:
    """What the sender says anew; "" when that is nothing."""
    plain = "\n".join(_text(part) for part in parts if part.get_content_type() == "text/plain").strip()
    if not plain:
        plain = "\n".join(_of_html(_text(part)) for part in parts if part.get_content_type() == "text/html")
    return _said(_tidy(plain))


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    read = _decoded(payload, part.get_content_charset() or "utf-8")
    if read is None:
        read = _decoded(payload, "utf-8")
    # The charset is missing, unknown or a lie; every byte is something in this one.
    return payload.decode("cp1252", "replace") if read is None else read


def _decoded(payload: bytes, charset: str) -> str | None:
    """None when the bytes are not of this charset, or nobody knows it."""
    try:
        return payload.decode(charset)
    except (LookupError, ValueError):
        return None


def _of_html(text: str) -> str:
    """The words of HTML: scripts and styles go with what is in them, and no markup is left."""
    shown = _QUOTED.sub(" ", text[: _MAX_CHARS * 4])
    return html.unescape(nh3.clean(_ENDS.sub("\n", re.sub(r"\s+", " ", shown)), tags=set()))


def _tidy(text: str) -> str:
    lines = text[:_MAX_CHARS].replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    return _BLANK_LINES.sub("\n\n", _INVISIBLE.sub("", _CONTROLS.sub("", lines))).strip()


def _said(text: str) -> str:
    if not text:
        return ""
    replies = EmailReplyParser(languages=_LANGUAGES).read(text).replies
    return str(replies[0].body).strip() if replies else text

"""Reading a mail's bytes. Whatever they hold, something comes of it: a broken mail has empty parts. Pure."""

import re
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

from orchestrator.channels.email.bodies import body_of
from orchestrator.channels.email.mail import Mail
from servicekit.addresses import is_address

#: More parts than any letter has: the rest is not looked at.
_MAX_PARTS = 200
_MAX_HEADER = 2_000
_MAX_NAMES, _MAX_NAME = 20, 120
_MAX_REFERENCES = 50
#: Where a mail says for whom it is, and where a server notes for whom it came.
_RECIPIENTS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
_ID = re.compile(r"<([^<>\s]{1,250})>")
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def parse(raw: bytes) -> Mail:
    """The mail. It does not raise for any bytes; it may take a while for large ones, so run it in a thread."""
    message = message_from_bytes(raw)
    headers = _headers(message)
    parts = _parts(message)
    senders = _addresses(headers.get("from", ()))
    return Mail(
        message_id=next(iter(_ids(headers.get("message-id", ()))), ""),
        sender=senders[0] if len(senders) == 1 and len(headers["from"]) == 1 else "",
        subject=next(iter(headers.get("subject", ())), ""),
        text=body_of([part for part in parts if not _file_name(part)]),
        recipients=tuple(one for name in _RECIPIENTS for one in _addresses(headers.get(name, ()))),
        references=_references(headers),
        attachments=tuple(name for part in parts if (name := _file_name(part)))[:_MAX_NAMES],
        headers=headers,
    )


def _headers(message: Message) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in message.raw_items():
        found[name.lower()] = (*found.get(name.lower(), ()), _decoded(value))
    return found


def _decoded(value: object) -> str:
    """A header in one line. A word in a charset that nobody knows is read as Latin-1: better than none."""
    told = _in_charset(str(value)[: _MAX_HEADER * 2].encode("utf-8", "surrogateescape"), None)
    try:
        words = decode_header(told)
    except ValueError:
        words = [(told, None)]
    # Between encoded words the library gives what is not encoded in an escape of its own.
    text = "".join(
        word if isinstance(word, str) else _in_charset(word, charset or "raw-unicode-escape") for word, charset in words
    )
    return _BREAKS.sub(" ", text).strip()[:_MAX_HEADER]


def _in_charset(word: bytes, charset: str | None) -> str:
    try:
        return word.decode(charset or "utf-8")
    except (LookupError, ValueError):
        return word.decode("latin-1")


def _addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(address for _, address in getaddresses(list(values)) if is_address(address))


def _ids(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for value in values for one in _ID.findall(value))


def _references(headers: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What the mail answers, the nearest first."""
    nearest = (*_ids(headers.get("in-reply-to", ())), *reversed(_ids(headers.get("references", ()))))
    return tuple(dict.fromkeys(nearest))[:_MAX_REFERENCES]


def _parts(message: Message) -> list[Message]:
    """The parts that hold something. A mail within a mail is one attachment: what it says is another's words."""
    found: list[Message] = []
    waiting = [message]
    while waiting and len(found) < _MAX_PARTS:
        part = waiting.pop(0)
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting[:0] = [one for one in payload if isinstance(one, Message)]
        else:
            found.append(part)
    return found


def _file_name(part: Message) -> str:
    """The name of an attachment; "" for a part that is the letter itself."""
    try:
        name, attached = part.get_filename(), part.get_content_disposition() == "attachment"
    except (ValueError, LookupError, TypeError):
        name, attached = None, True
    if name or attached or part.get_content_maintype() != "text":
        return _decoded(name or part.get_content_type())[:_MAX_NAME]
    return ""

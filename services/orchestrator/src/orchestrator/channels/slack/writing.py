"""Our words as Slack shows them: escaped, with links of our own making alone, in pieces that it takes. Pure."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from contracts.turn import EndEvent
from servicekit.slack import escaped

#: `chat.update` takes 4,000 characters, and escapes make a text longer.
MAX_CHARS = 3_500
_MAX_LABEL = 150
#: What shows that an answer is not whole yet.
GOES_ON = "\u2026"
_BREAKS = ("\n\n", "\n", ". ", " ")


@dataclass(frozen=True, slots=True)
class Message:
    """What one message in Slack shows: text in its markup, and blocks when it has buttons."""

    text: str
    blocks: tuple[dict[str, Any], ...] = ()


def answer_messages(end: EndEvent) -> tuple[Message, ...]:
    """An answer with its sources and links, in as many messages as it needs; none for one without words."""
    if not end.text:
        return ()
    links = [linked(one.url, one.title) for one in end.citations]
    links += [linked(url, label) for label, url in end.links.items()]
    told = [*pieces(escaped(end.text)), *pieces("\n".join(dict.fromkeys(one for one in links if one)))]
    whole = "\n\n".join(told)
    return (Message(whole),) if len(whole) <= MAX_CHARS else tuple(map(Message, told))


def partial(text: str) -> Message:
    """What is there of an answer as yet."""
    return Message(f"{pieces(escaped(text))[0] if text.strip() else ''} {GOES_ON}".strip())


def linked(url: str, label: str) -> str:
    """A link; "" for what is none. Nothing in the label formats anything."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"[\s<>|]", url):
        return ""
    shown = re.sub(r"[|\s]+", " ", label)[:_MAX_LABEL].strip() or parts.netloc
    return f"<{url.replace('&', '&amp;')}|{escaped(shown)}>"


def pieces(text: str, most: int = MAX_CHARS) -> list[str]:
    """Escaped text in pieces of `most` characters, broken where people pause; an escape is never cut."""
    found, left = [], text.strip()
    while len(left) > most:
        cut = _pause(left, most)
        found.append(left[:cut].strip())
        left = left[cut:].strip()
    return [*found, left] if left else found


def _pause(text: str, most: int) -> int:
    for one in _BREAKS:
        if (at := text.rfind(one, most // 2, most)) > 0:
            return at + len(one.rstrip())
    escape = text.rfind("&", most - 5, most)
    return escape if escape > 0 and ";" not in text[escape:most] else most

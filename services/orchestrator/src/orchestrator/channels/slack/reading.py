"""Slack's text as plain words: mentions, links and its three escapes. Pure."""

import re

from contracts.turn import MAX_TEXT

_MARK = re.compile(r"<([^<>]{1,3000})>")


def read_text(text: str, own: str = "") -> str:
    """What somebody wrote, as they see it. Who mentions the user `own` only calls us."""
    plain = _MARK.sub(lambda mark: _shown(mark[1], own), text)
    plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return "\n".join(" ".join(line.split(" ")).strip() for line in plain.split("\n")).strip()[:MAX_TEXT]


def _shown(mark: str, own: str) -> str:
    target, _, label = mark.partition("|")
    match target[:1]:
        case "@":
            return "" if own and target[1:] == own else f"@{label or 'somebody'}"
        case "#":
            return f"#{label or 'channel'}"
        case "!":
            return label or f"@{target[1:].partition('^')[0]}"
        case _:
            address = target.removeprefix("mailto:").removeprefix("tel:")
            return address if not label or label == address else f"{label} ({address})"


def message_of(text: str, files: tuple[str, ...]) -> str:
    """The message that a turn answers. Files are named, so that nobody believes that they were read."""
    told = [text] if text else []
    if files:
        told.append(f"[Files that came with this message and were not opened: {', '.join(files)}]")
    return "\n\n".join(told)[:MAX_TEXT].strip()

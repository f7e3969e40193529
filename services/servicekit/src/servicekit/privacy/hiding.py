"""Text with what was found in it taken out."""

from collections.abc import Iterable

from servicekit.privacy.kinds import Found


def hidden(text: str, found: Iterable[Found]) -> str:
    """`text` with the kind of each value in its place, as in `[email]`; `found` as `Finder.find` gave it."""
    pieces, place = [], 0
    for one in found:
        pieces += [text[place : one.start], f"[{one.kind}]"]
        place = one.end
    return "".join((*pieces, text[place:]))

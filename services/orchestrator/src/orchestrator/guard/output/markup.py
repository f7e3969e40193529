"""Markup that a page could run or load: HTML, and images, which tell another server what their address says."""

import re
from collections.abc import Iterator

from orchestrator.guard.output.hinted import hinted
from servicekit.privacy.tokens import TOKEN

_IMAGE = re.compile(r"!\[[^\]]{0,2000}\](?:\([^)]{0,4000}\)?|\[[^\]]{0,500}\]?)?")
#: With all that stands between it and its end: nothing of it is meant for a reader.
_BLOCK = re.compile(
    r"<\s*(script|style|iframe|object|embed|svg|math|template|noscript|textarea|title|xmp|applet|frameset)\b"
    r".*?(?:<\s*/\s*\1\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"<\s*[/!?]?\s*[a-zA-Z][^<>]*(?:>|\Z)|<!--.*?(?:-->|\Z)|<[!?]", re.DOTALL)
_HANDLER = hinted(
    r"\bon(?:error|load|click|dblclick|mouse\w+|pointer\w+|focus\w*|blur|key\w+|submit|change|input|toggle|begin|end|start|"
    r"animation\w+|transition\w+|touch\w+|drag\w*|drop|copy|paste|cut|wheel|scroll|resize|message|hashchange|popstate|"
    r"beforeunload|unload|play\w*|canplay\w*|show|invalid|search|select|auxclick|contextmenu|formdata|reset)\s*=\s*\S"
    r"|\bsrcdoc\s*=|\bexpression\s*\(|@import\b|\burl\s*\(\s*['\"]?[a-z]+:|\bdocument\s*\.\s*(?:cookie|location|write)"
    r"|\b(?:window|top|parent|self)\s*\.\s*location\b|\bfetch\s*\(|\beval\s*\(|\bString\.fromCharCode\b|\bXMLHttpRequest\b",
    "= ( @import document window top parent self string xmlhttprequest",
    re.IGNORECASE,
)


def images(text: str) -> Iterator[tuple[int, int]]:
    """Where Markdown images stand."""
    return (found.span() for found in _IMAGE.finditer(text)) if "![" in text else iter(())


def tags(text: str) -> list[tuple[int, int]]:
    """Where HTML stands: what would run or load with all in it, of the rest the tags alone. Masked values are none."""
    if "<" not in text:
        return []
    blocks = [found.span() for found in _BLOCK.finditer(text)]
    rest = [
        found.span() for found in _TAG.finditer(text)
        if not TOKEN.match(text, found.start()) and not any(start <= found.start() < end for start, end in blocks)
    ]  # fmt: skip
    return sorted((*blocks, *rest))


def holds_image(forms: tuple[str, ...]) -> bool:
    """Whether a text in any of its forms has an image in it."""
    return any(True for form in forms for _ in images(form))


def holds_markup(forms: tuple[str, ...]) -> bool:
    """Whether a text in any of its forms has a tag or something that a tag could run in it."""
    return any(bool(tags(form)) or _HANDLER.matches(form) for form in forms)

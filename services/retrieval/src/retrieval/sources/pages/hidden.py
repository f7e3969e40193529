"""Takes out of a page what a visitor does not see, so that nobody can hide orders to a model in it.

Known: elements that show nothing, `hidden`, `aria-hidden`, inline styles, and the page's own `<style>` rules for single
classes and ids. Not known: style sheets in other files, and text in the colour of its background.
"""

import re
from collections.abc import Iterator

from lxml import etree
from lxml.html import HtmlElement

NEVER_SHOWN = frozenset(
    ("script", "style", "template", "noscript", "iframe", "object", "embed", "applet", "svg", "math", "canvas", "audio",
     "video", "map", "img", "picture", "source", "track", "link", "meta", "head", "input", "button", "select", "option",
     "textarea", "datalist", "progress", "meter", "frame", "frameset", "noframes", "noembed", "param", "portal")
)  # fmt: skip
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|content-visibility\s*:\s*hidden"
    r"|(?<![\w-])font-size\s*:\s*0*\.?0+\d?(px|em|rem|pt|%|ex|ch|v[wh])?\s*(!important)?\s*(;|$)"
    r"|(?<![\w-])opacity\s*:\s*0?(\.0+)?%?\s*(!important)?\s*(;|$)"
    r"|(?<![\w-])color\s*:\s*(transparent|rgba\([^)]{1,40},\s*0(\.0+)?\s*\))"
    r"|text-indent\s*:\s*-\d{3,}|(left|top|right|bottom)\s*:\s*-\d{3,}|clip\s*:\s*rect\(\s*[01](px)?[\s,]"
    r"|clip-path\s*:\s*inset\(\s*(50|100)%|transform\s*:\s*scale\(\s*0\s*[,)]",
    re.IGNORECASE,
)
#: A box without height or width hides its text only when what runs over is not shown.
_NO_BOX = re.compile(r"(?<![\w-])(max-)?(height|width)\s*:\s*[01](px)?\s*(!important)?\s*(;|$)", re.IGNORECASE)
_CLIPPED = re.compile(r"overflow(-[xy])?\s*:\s*(hidden|clip)", re.IGNORECASE)
_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_SIMPLE = re.compile(r"(?:[a-z][a-z0-9]*)?([.#])([A-Za-z_][\w-]{0,100})", re.IGNORECASE)
_LONGEST_STYLE = 4000
_LONGEST_SHEET = 200_000


def remove_hidden(root: HtmlElement) -> None:
    """Removes all of it from the tree, comments and processing instructions too."""
    classes, ids = _hidden_by_sheets(root)
    doomed = [one for one in root.iter() if one is not root and _is_hidden(one, classes, ids)]
    for one in doomed:
        drop(one)


def drop(element: etree._Element) -> None:
    """Removes an element and keeps the text that follows it."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def hides(style: str) -> bool:
    """Whether a style attribute, or the inside of a rule, makes text invisible."""
    style = style[:_LONGEST_STYLE]
    return bool(_HIDING.search(style)) or bool(_NO_BOX.search(style) and _CLIPPED.search(style))


def _is_hidden(element: etree._Element, classes: frozenset[str], ids: frozenset[str]) -> bool:
    if not isinstance(element.tag, str) or element.tag in NEVER_SHOWN:
        return True
    attributes = element.attrib
    if not attributes:
        return False
    if attributes.get("hidden", "until-found").lower() != "until-found" or attributes.get("aria-hidden") == "true":
        return True
    if (style := attributes.get("style")) and hides(style):
        return True
    return bool((classes and classes & set((attributes.get("class") or "").split())) or attributes.get("id") in ids)


def _hidden_by_sheets(root: HtmlElement) -> tuple[frozenset[str], frozenset[str]]:
    found: dict[str, set[str]] = {".": set(), "#": set()}
    sheets = "\n".join(one.text or "" for one in root.iter("style"))[:_LONGEST_SHEET]
    for kind, name in _hiding_selectors(sheets):
        found[kind].add(name)
    return frozenset(found["."]), frozenset(found["#"])


def _hiding_selectors(sheets: str) -> Iterator[tuple[str, str]]:
    # Inside of @media a rule is for print or for small screens as often as not: those are left alone.
    for selectors, body in _RULE.findall(_outside_of_media(sheets)):
        if hides(body):
            for selector in selectors.split(","):
                if simple := _SIMPLE.fullmatch(selector.strip()):
                    yield simple[1], simple[2]


def _outside_of_media(sheets: str) -> str:
    depth, kept, start = 0, [], 0
    inside: list[bool] = []
    for match in re.finditer(r"[{}]", sheets):
        if match[0] == "{":
            inside.append("@" in sheets[start : match.start()])
            if inside[-1]:
                depth += 1
        elif inside and inside.pop():
            depth -= 1
            start = match.end()
            continue
        elif not depth:
            kept.append(sheets[start : match.end()])
        if match[0] == "}" or inside[-1]:
            start = match.end()
    return "".join(kept)

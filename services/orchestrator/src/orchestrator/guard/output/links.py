"""Links: only to what this turn observed, the pages' own hosts, and the hosts that the shop allows."""

import re
from urllib.parse import unquote

from orchestrator.guard.output.allowed import Allowed, host_of
from orchestrator.guard.output.hinted import hinted
from servicekit.privacy.tokens import TOKEN

#: Endings of bare addresses; a word like "e.g." or "report.pdf" has none of them.
_ENDINGS = (
    "com|net|org|info|biz|io|ai|app|dev|co|me|tv|cc|ly|gg|to|sh|xyz|top|site|online|shop|store|live|link|click|club|cloud|"
    "page|web|zip|mov|icu|fun|win|vip|bid|loan|work|world|news|blog|tech|space|website|example|test|invalid|onion|local|"
    "localhost|internal|eu|uk|us|ca|de|at|ch|fr|be|nl|es|it|pt|pl|ru|ua|cn|jp|kr|in|br|mx|au|nz|ie|se|no|dk|fi|cz|ro|tk|ml|ga|"
    "cf|gq|ws|su|ir|tr|za|gov|edu"
)
_HOST = r"(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.)+"
_ANY = re.compile(
    # with a scheme, whatever it is, and however it is broken
    r"(?P<url>(?<![a-z0-9])[a-z][a-z0-9+.-]{1,20}:\s?[/\\]{1,3}\s?[^\s<>\"')\]}”]+)"
    r"|(?P<scheme>(?<![a-z])(?:javascript|vbscript|data|file|blob|about|view-source|jar|intent|mailto|tel|sms|callto|skype"
    r"|whatsapp|tg|slack|ms-\w+|chrome|res|x-\w+)\s?:(?=\s?[^\s:]{3})(?! [a-z]))"
    r"|(?P<network>(?<![\w:/\\])(?://|\\\\)[^\s/\\]{3,})"
    r"|(?P<address>(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?=[:/]\S))"
    r"|(?P<puny>\bxn--[a-z0-9-]+)"
    rf"|(?P<bare>(?<![\w@./-]){_HOST}(?:{_ENDINGS})(?![\w-]|\.\w)(?:[:/?#][^\s<>\"')\]}}”]*)?)"
    rf"|(?P<path>(?<![\w@./-]){_HOST}[a-z]{{2,24}}[/?#][^\s<>\"')\]}}”]+)"
    rf"|(?P<spelled>\b[\w-]{{2,63}}\s?(?:\(dot\)|\[dot\]|\[\.\]|\(\.\)|\{{dot\}}|\s(?:dot|punkt|point|punto)\s)\s?(?:{_ENDINGS})\b)",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(
    r"(?<!!)\[(?P<label>[^\[\]]{0,500})\]\(\s*(?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+[\"'(][^)]*)?\)"
)
_DEFINITION = re.compile(r"^[ \t]{0,3}\[[^\]\n]{1,200}\]:[ \t]*\S+", re.MULTILINE)
#: Without any of these there is no address in a text.
_DOTTED = re.compile(r"\.[^\W_\d]")
_MARKED = hinted(
    r"[:/\\]\S|:\s?[/\\]|xn--|\bdot\b|\b(?:punkt|point|punto)\b|[(\[{]\.|@",
    ": / \\ xn-- dot punkt point punto (. [. {. @",
    re.IGNORECASE,
)
_SAFE_SCHEMES = ("http://", "https://")
_NESTED = re.compile(r"https?:|//|\bwww\.", re.IGNORECASE)
_CAPITAL = re.compile(r"\.[A-Z][a-z]+$")
_RAW = re.compile(r"^[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+$")


def without_allowed(text: str, allowed: Allowed) -> str:
    """The text less the links that may stay in it, and less masked values."""
    text = TOKEN.sub(" ", text) if "<" in text else text
    if not _may_hold_one(text):
        return text
    return _ANY.sub(lambda found: " " if is_allowed(_whole(found), allowed) else found[0], text)


def leads_astray(forms: tuple[str, ...], allowed: Allowed) -> bool:
    """Whether a text, in any of its forms, names an address that it may not name."""
    return any(_astray(form, allowed) for form in forms)


def _astray(form: str, allowed: Allowed) -> bool:
    if not _may_hold_one(form):
        return False
    text = TOKEN.sub(" ", form) if "<" in form else form
    if _DEFINITION.search(text):
        return True
    for found in _ANY.finditer(text):
        if found.lastgroup == "bare" and _no_address(found[0]):
            continue
        if found.lastgroup in ("scheme", "spelled", "puny", "address", "network") or not is_allowed(
            _whole(found), allowed
        ):
            return True
    return False


def is_allowed(link: str, allowed: Allowed) -> bool:
    """Whether an address stands as it is in what was observed, or is a plain page of a host that may be linked to."""
    link = link.rstrip(".,;:!?*_")
    if link in allowed.urls or (link + "/") in allowed.urls or link == "":
        return True
    lowered = link.lower()
    if "://" in link and not lowered.startswith(_SAFE_SCHEMES):
        return False
    if not _RAW.match(link) or "\\" in link or "@" in link:
        return False
    _, _, rest = lowered.partition("://") if "://" in lowered else ("", "", lowered)
    # Another address or a query in it could carry something out, or lead on.
    if "?" in rest or _NESTED.search(unquote(f"/{rest.partition('/')[2]}")):
        return False
    return host_of(lowered) in allowed.hosts


def astray_targets(text: str, allowed: Allowed) -> list[tuple[int, int]]:
    """What to take out of Markdown links that lead elsewhere: `[`, and `](target)`; their labels stay."""
    spans: list[tuple[int, int]] = []
    for found in _MARKDOWN.finditer(text) if "](" in text else ():
        target = found["target"].strip("<>") if not TOKEN.fullmatch(found["target"]) else ""
        if target and not (target.lower().startswith(_SAFE_SCHEMES) and is_allowed(target, allowed)):
            label = found.span("label")
            spans += [(found.start(), label[0]), (label[1], found.end())]
    return spans


def _may_hold_one(text: str) -> bool:
    return _DOTTED.search(text) is not None or _MARKED.matches(text)


def _whole(found: re.Match[str]) -> str:
    return found[0].rstrip(".,;:!?*_'\"")


def _no_address(text: str) -> bool:
    """A full stop without a space behind it ("30 days.It is"), or a file's or a number's name."""
    return _CAPITAL.search(text) is not None or text.lower() in ("node.js", "e.g", "i.e", "z.b")

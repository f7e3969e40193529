"""E-mail addresses, also those written out: `ada (at) example (dot) com`."""

import re
from collections.abc import Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_PLAIN = re.compile(
    r"""(?:"[^"\n@]{1,60}"|(?<![\w.+%'-])[\w.!#$%&'*+/=?^`{|}~-]{1,64})@"""
    r"(?:[\w-]{1,63}(?:\.[\w-]{1,63})+|\[[\d.]{7,15}\])"
)
_TOP = (
    r"(?:com|org|net|edu|gov|info|biz|io|co|app|dev|eu|de|at|ch|fr|es|it|nl|be|uk|ie|us|ca|au|nz|in|br|mx|pt"
    r"|pl|se|no|dk|fi|cz|jp|cn|shop|example|me)"
)
_AT = (
    r"(?: ?[\[({<] ?(?:at|@|ät|arroba|arobase|chiocciola|apenstaartje) ?[\])}>] ?| (?:at|ät|arroba|arobase"
    r"|chiocciola|apenstaartje|@) ?| ?@ )"
)
_DOT = r"(?: ?[\[({<] ?(?:dot|punkt|punto|point|punt|\.) ?[\])}>] ?| (?:dot|punkt|punto|point|punt) | ?\. ?)"
_WRITTEN = re.compile(
    rf"(?<![\w.@+-])(?P<local>[a-z0-9][a-z0-9._+-]*(?:(?: dot | punkt | punto | point | punt "
    rf"|[\[(]dot[\])])[a-z0-9_-]+){{0,3}}){_AT}"
    rf"(?P<domain>[a-z0-9-]+(?:{_DOT}[a-z0-9-]+){{0,2}}?{_DOT}{_TOP})(?![\w-])"
)
_MARKED = re.compile(
    r"[\[({<] ?(?:at|@|ät|arroba|arobase|chiocciola)|@|(?:arroba|arobase|chiocciola|apenstaartje)|(?:dot|punkt"
    r"|punto|point|punt)\b"
)
_PROVIDER = re.compile(
    r"(?:gmail|googlemail|hotmail|outlook|yahoo|icloud|gmx|web|live|aol|proton|protonmail|posteo|orange|libero"
    r"|ziggo|example)\b"
)
_WORTH = re.compile(r"\b(?:at|ät|arroba|arobase|chiocciola|apenstaartje)\b|@")


def emails(page: Page) -> Iterator[Claim]:
    """Every address of the page."""
    if "@" in page.text:
        for found in _PLAIN.finditer(page.text):
            yield Claim(strengths.EMAIL, Kind.EMAIL, found.start(), found.end())
    if _WORTH.search(page.lower):
        for found in _WRITTEN.finditer(page.lower):
            if _sure(found):
                yield Claim(strengths.EMAIL - 1, Kind.EMAIL, found.start(), found.end())


def _sure(found: re.Match[str]) -> bool:
    """Whether it is meant as an address: "look at example.com" is not."""
    between = found.string[found.end("local") : found.start("domain")]
    if re.search(r"[\[({<@]|arrob|arob|chioc|apen", between):
        return True
    domain = found["domain"]
    spelled = re.search(r"dot|punkt|punto|point|punt|[\[(]", domain) is not None and " " in domain
    return spelled or bool(_PROVIDER.match(domain) and re.search(r"[._\d-]|mail|gmx|hot", found["local"] + domain))

"""Personal data of others: what is somebody's data and stands nowhere in what this turn observed."""

import re

from orchestrator.guard.output.allowed import Allowed
from servicekit.privacy import Finder, Kind
from servicekit.privacy.tokens import without_tokens

#: Orders are told by their last characters, and checked as facts; links and secrets have rules of their own.
_NOT_HERE = frozenset({Kind.ORDER, Kind.LINK, Kind.SECRET})
#: A name is told by its capitals, which every German noun has too: only beside one of these it is somebody.
_WHO = (
    r"\b(?:customers?|clients?|buyer|shopper|user|named|called|by|Mrs?|Ms|Miss|Dr|Herrn?|Frau|Kund(?:e|in|en)|Mme|Mlle|"
    r"Monsieur|Madame|M|client(?:e|es)?|cliente|clienti|Sr|Sra|Señor|Señora|señor|señora|Sig|Sig\.ra|Signora|Signor|"
    r"klant(?:en)?|dhr|mevr|mevrouw|meneer|heer|name is|Name)\b"
)
_BEFORE = re.compile(_WHO + r"[.:,]?\s*(?:\w+\s){0,2}$")
_BEHIND = re.compile(
    r"^(?:,? who|'s)?\s*(?:\w+ )?(?:(?:has |have |hat |a |ha |heeft )?(?:ordered|bought|paid|lives|wrote|returned|asked"
    r"|bestellt|gekauft|bezahlt|wohnt|schrieb|command\w+|acheté|payé|habite|écrit|pedido|compr\w+"
    r"|pagado|vive|escri\w+|ordinato"
    r"|acquistato|pagato|abita|scritto|besteld|gekocht|betaald|woont|schreef)|(?:order|account|address"
    r"|card|phone|e-?mail)\b)"
)
#: Without any of these there is nothing of anybody in a text: names, addresses for letters or mails, six digits.
_WORTH = re.compile(
    rf"@|\bat\b|\(at\)|\[at\]|{_WHO}|\b(?:lives|ordered|bought|wohnt|habite|vive|abita|woont)\b|(?:\d\D{{0,3}}){{6}}"
    r"|(?i:str\.|stra(?:ß|ss)e|street|\bst\b|road|\brd\b|avenue|\bave\b|lane|drive|\brue\b|\bvia\b"
    r"|\bviale\b|calle|avenida"
    r"|plaza|piazza|corso|weg\b|laan\b|straat|plein\b|gracht|platz|gasse|allee|boulevard|\bcourt\b"
    r"|square|\bp\.? ?o\.? box|postfach)"
)


def holds_anothers(forms: tuple[str, ...], allowed: Allowed, finder: Finder) -> bool:
    """Whether a text holds somebody's data that this turn did not observe. Masked values are nobody else's."""
    for form in forms:
        text = without_tokens(form)
        for found in finder.find(text) if _WORTH.search(text) else ():
            if found.kind in _NOT_HERE or (found.kind is Kind.NAME and not _is_somebody(text, found.start, found.end)):
                continue
            if not allowed.knows(text[found.start : found.end]):
                return True
    return False


def _is_somebody(text: str, start: int, end: int) -> bool:
    return (
        _BEFORE.search(text[max(0, start - 40) : start]) is not None or _BEHIND.match(text[end : end + 40]) is not None
    )

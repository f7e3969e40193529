"""Order and invoice numbers, where the words before them say so."""

import re
from collections.abc import Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_THING = (
    r"orders?|invoices?|bestell(?:ung|nummer|nr|-nr|ungsnummer|ungsnr)|auftrag|auftrags(?:nummer|nr)|rechnung"
    r"|rechnungs(?:nummer|nr)"
    r"|commande|facture|pedido|factura|ordine|fattura|bestelling|bestelnummer|factuur|factuurnummer|ordernummer"
)
_NUMBER = r"number|no|nr|num|n[°ºo]|nº|nummer|numéro|número|numero|id|ref(?:erence)?|code"
_ID = r"(?=[a-z0-9/-]*\d)[a-z0-9]+(?:[-/][a-z0-9]+)*"
_IS = r"(?:is|was|ist|lautet|war|est|es|era|è|e'|:|=)"
_ORDER = re.compile(
    # "order number is ABC-123", "n° de commande : 1203": the word for a number makes any id one
    rf"\b(?:{_THING})[ -]?(?:{_NUMBER})(?!\w)\.?[ ]?(?:{_IS}[ ]?)?[#\"']?(?P<numbered>{_ID})(?![\w/])"
    rf"|\b(?:{_NUMBER})(?!\w)\.? ?(?:of my |of the |der |de la |de |del |di |dell'|van de |van mijn |d'"
    rf"|)(?:{_THING})\b ?(?:{_IS} ?)?#?(?P<turned>{_ID})(?!\w)"
    rf"|\b(?:bestellnummer|bestell-?nr|auftragsnummer|rechnungsnummer|rechnungsnr|bestelnummer|ordernummer"
    rf"|factuurnummer)\.? ?(?:{_IS} ?)?#?(?P<one>{_ID})(?!\w)"
    rf"|\b(?:{_THING})(?: ?[:#]+ ?| ?\(#?)(?P<marked>{_ID})(?!\w)"
    rf"|\b(?:{_THING}) (?P<said>(?!(?:19|20)\d\d(?!\w))(?:{_ID}))(?!\w)(?![.,]\d)(?! ?(?:x|pairs?|pieces?|pcs"
    rf"|units?|items?|more|of|stück|paar|paires?|pares|paia|days?|€|\$|eur|%|times|years?|weeks?|months?)\b)"
    r"|(?<![\w#&/])(?<!apt )(?<!unit )(?<!suite )#(?P<bare>(?=[a-z-]{0,6}\d)[a-z]{0,4}-?\d{3,12}(?:-\d{1,8})?)(?!\w)"
    r"|(?<!\w)(?P<form>(?:ord|order|inv|invoice|so|po|re|rg|wc)-(?:\d{2,4}-)?\d{3,12})(?!\w)"
)
_SAID_LEAST = 3


def orders(page: Page) -> Iterator[Claim]:
    """The numbers alone, without the words."""
    for found in _ORDER.finditer(page.lower):
        group = found.lastgroup or ""
        start, end = found.span(group)
        if (
            end - start < (_SAID_LEAST if group in {"said", "marked", "turned", "numbered", "one"} else 2)
            or end - start > 32
        ):
            continue
        if group == "said" and found[group].isdigit() and len(found[group]) < 4:
            continue
        if re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)", found[group]):
            continue
        yield Claim(strengths.ORDER, Kind.ORDER, start, end)

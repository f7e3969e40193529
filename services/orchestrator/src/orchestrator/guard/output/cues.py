"""What it takes to write somebody's data down: cheap looks that spare most sentences the finder.

Each is necessary for what it spares: no address for mails without an "at", no telephone number without six digits.
"""

import re

from servicekit.privacy import STRUCTURED, Kind

#: A name is told by its capitals, which every German noun has too: only beside one of these it is somebody.
_WHO = (
    "customer", "customers", "client", "clients", "buyer", "shopper", "user", "named", "called", "by", "Mr",
    "Mrs", "Ms", "Miss", "Dr", "Herr", "Herrn", "Frau", "Kunde", "Kundin", "Kunden", "Mme", "Mlle", "Monsieur",
    "Madame", "M", "cliente", "clientes", "clienti", "Sr", "Sra", "Señor", "Señora", "señor", "señora", "Sig",
    "Sig.ra", "Signora", "Signor", "klant", "klanten", "dhr", "mevr", "mevrouw", "meneer", "heer", "Name",
)  # fmt: skip
_DID = (
    "ordered", "bought", "paid", "lives", "wrote", "returned", "asked", "bestellt", "gekauft", "bezahlt", "wohnt",
    "schrieb", "acheté", "payé", "habite", "écrit", "pedido", "pagado", "vive", "ordinato", "acquistato",
    "pagato", "abita", "scritto", "besteld", "gekocht", "betaald", "woont", "schreef",
)  # fmt: skip
_BEGUN = ("command", "compr", "escri")
_OWNED = ("order", "account", "address", "card", "phone", "email", "mail")
_DOES = (
    rf"(?:,? who|'s)?\s*(?:\w+ )?(?:(?:has |have |hat |a |ha |heeft )?(?:{'|'.join(_DID)}|(?:{'|'.join(_BEGUN)})\w+)"
    rf"|(?:e-)?(?:{'|'.join(_OWNED)})\b)"
)
_BEFORE = re.compile(rf"\b(?:{'|'.join(map(re.escape, _WHO))}|name is)\b[.:,]?\s*(?:\w+\s){{0,2}}$")
_BEHIND = re.compile(f"^{_DOES}")
_SOMEBODY_DOES = re.compile(rf"([^\W\d_a-z]\w+)(?=\.?{_DOES})")
#: With these, sentences of a shop begin.
_NOBODY = frozenset((
    "Your", "The", "This", "That", "Each", "Every", "A", "An", "No", "Any", "Our", "My", "If", "When", "With", "In",
    "For", "To", "You", "Please", "Once", "After", "Before", "It", "Is", "Are", "Do", "We", "PDF", "USD", "EUR",
))  # fmt: skip

_WORD = re.compile(r"[^\W_]+")
_WHO_WORDS = frozenset(one.lower() for one in _WHO) - {"m", "by", "name"}
_BY = re.compile(r"by (?:\w+ ){0,2}[^\W\d_a-z]")
_DOING = frozenset((*_DID, *_OWNED))
_DIGIT, _FEW, _SIX, _LONG = re.compile(r"\d"), 3, 6, 8
#: A house or a postcode with what follows it, and codes of letters and digits.
_NUMBER_IN_PLACE = re.compile(
    r"\d(?:[a-z]?,? [^\W\d_a-z][^\W\d_A-Z]|\d{3} ?[A-Z]{2} |\d{4}-\d{3})|(?<=[A-Z])\d[A-Z\d]? ?\d[A-Z]{2}\b"
    r"|(?<=[A-Z]{2} )\d{5}"
)
_SIX_DIGITS = re.compile(r"(?:\d\D{0,3}){6}")
_NUMBERED = re.compile(r"\d\.\d{1,3}\.\d|:[0-9a-f]*:")
_AT_WORDS = frozenset(("arroba", "arobase", "chiocciola", "apenstaartje"))
_AT = frozenset(("at", "ät"))
#: "at" alone is a word; beside a spoken dot or a provider it is not.
_BESIDE_AT = frozenset((
    "dot", "punkt", "punto", "point", "punt", "gmail", "googlemail", "hotmail", "outlook", "yahoo", "icloud",
    "gmx", "web", "live", "aol", "proton", "protonmail", "posteo", "orange", "libero", "ziggo",
))  # fmt: skip
_BRACKETED = re.compile(r"[\[({<] ?(?:at|ät|arr|aro|chi|ape|dot|pun|poi)", re.IGNORECASE)
_STREETS = (
    "str.", "straße", "strasse", "street", "road", "avenue", "lane", "drive", "viale", "calle", "avenida",
    "plaza", "piazza", "corso", "weg", "laan", "straat", "plein", "gracht", "platz", "gasse", "allee",
    "boulevard", "court", "square", "box", "postfach", "crescent", "allée", "blvd", "chemin", "impasse", "paseo",
    "quai", "terrace", "grove", "gardens", "mews",
)  # fmt: skip
_STREET_WORDS = frozenset(("st", "rd", "ave", "rue", "via", "view", "close"))


def worth_looking_for(text: str) -> frozenset[Kind]:
    """The kinds of personal data that could stand in a text; none in most sentences."""
    low = text.lower()
    words = set(_WORD.findall(low))
    digits = len(_DIGIT.findall(text))
    named = not words.isdisjoint(_WHO_WORDS) or _is_named(text)
    formed = (
        _has_mail(text, words)
        or (digits >= _SIX and _SIX_DIGITS.search(text) is not None)
        # As identity cards and passports are numbered.
        or (digits >= _FEW and any(len(one) >= _LONG and not one.isalpha() for one in words))
        or _NUMBERED.search(low) is not None
    )
    kinds = STRUCTURED if formed else frozenset[Kind]()
    if digits and _is_placed(text, low, words):
        kinds |= {Kind.ADDRESS, Kind.ORDER}  # the number of an order is no house
    return kinds | {Kind.NAME} if named or _somebody_does(text, low, words) else kinds


def is_somebody(text: str, start: int, end: int) -> bool:
    """Whether words beside `text[start:end]`, which may be a name, say that somebody is meant."""
    return (
        _BEFORE.search(text[max(0, start - 40) : start]) is not None or _BEHIND.match(text[end : end + 40]) is not None
    )


def _is_named(text: str) -> bool:
    """Whether the cues stand there that are nearly always something else ("by e-mail", "the name", "I'm")."""
    return any(map(text.__contains__, ("M.", "M ", "Name", "name is"))) or _BY.search(text) is not None


def _has_mail(text: str, words: set[str]) -> bool:
    return (
        "@" in text
        or not words.isdisjoint(_AT_WORDS)
        or not (words.isdisjoint(_AT) or words.isdisjoint(_BESIDE_AT))
        or _BRACKETED.search(text) is not None
    )


def _is_placed(text: str, low: str, words: set[str]) -> bool:
    """Whether words for a street stand in a text, a number where one may follow, or a postcode."""
    return (
        not words.isdisjoint(_STREET_WORDS)
        or any(map(low.__contains__, _STREETS))
        or _NUMBER_IN_PLACE.search(text) is not None
    )


def _somebody_does(text: str, low: str, words: set[str]) -> bool:
    told = not words.isdisjoint(_DOING) or any(map(low.__contains__, _BEGUN))
    return told and any(one not in _NOBODY for one in _SOMEBODY_DOES.findall(text))

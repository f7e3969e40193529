"""What belongs to a street: the flat before or behind it, the postcode, the town, the country."""

import re
from collections.abc import Iterator

_CITY = (
    r"[^\W\d_][\w'.-]+(?:[ -](?:de |del |der |la |le |les |lez |upon |on |an der |am |am |im |sur |en |di |d'"
    r"|sous |sul |bei |ob |aan den |aan de )*[^\W\d_][\w'-]+){0,3}?"
)
_UK = r"(?:[a-z]{1,2}\d[a-z\d]? ?\d[abd-hjlnp-uw-z]{2})"
_CA = r"(?:[abceghj-nprstvxy]\d[a-z][ -]?\d[a-z]\d)"
_NL = r"(?:\d{4} ?(?!is|en|om|of|op)[a-z]{2}\b)"
_EIR = r"(?:[ac-fhknprtv-y]\d[\dw] ?[\dac-fhknprtv-y]{4})"
_STATE_US = (
    r"(?:a[lkzr]|c[aot]|d[ce]|fl|ga|hi|i[dlna]|k[sy]|la|m[edainsot]|n[evhjmycd]|o[hkr]|p[ar]|ri|s[cd]|t[nx]|ut"
    r"|v[ta]|w[aivy])"
)
_STATE_AU = r"(?:nsw|vic|qld|wa|sa|tas|act|nt)"
_STATE_CA = r"(?:on|qc|bc|ab|mb|sk|ns|nb|nl|pe|yt|nt|nu)"
_COUNTRIES = (
    r"(?:u\.?k\.?|united kingdom|england|scotland|wales|usa|u\.s\.a\.?|united states|deutschland|germany"
    r"|france|frankreich|españa|spain|italia|italy|nederland|netherlands|the netherlands"
    r"|ireland|australia|canada|india|österreich|austria|schweiz|switzerland|suisse|svizzera|belgique|belgië"
    r"|belgium|portugal|brasil|brazil|polska|poland|sverige|sweden|danmark|denmark)"
)
_COUNTRY = re.compile(_COUNTRIES)
_END = r"(?=\s*(?:[,.;:!?)\n]|$)| (?:and|und|et|y|e|en|please|bitte|instead|thanks|but|is|ist)\b)"
_UNIT = (
    r"(?:(?:apt|apartment|suite|ste|unit|flat|floor|fl|room|rm|bldg|building|block|app|appt|appartement|apto"
    r"|étage|etage|piso|puerta|pta|escalera|esc|portal|interno|int|scala|piano|whg|wohnung|top|stiege|tür|bus"
    r"|lgh|hinterhaus|hs|level|shop|bât|bâtiment|m)\b\.? ?(?:no\.? ?)?#?\d{0,4}[a-z]?(?:-?\d{1,4})?\b"
    r"|#\d{1,5}[a-z]?|\d{1,2}[ºª°][ .]?(?:[a-d]\b|izq\w*|dcha\.?|der\w*)?|\d{1,2}(?:st|nd|rd|th) (?:floor"
    r"|cross|main|block|stage)|[1-9](?:er|e|ème) étage|\d\. ?(?:stock|og|etage)|hinterhaus|seitenflügel"
    r"|bajo [a-d]\b)"
)
_POST = (
    rf"(?:{_CITY}[ ,]{{1,2}}(?:{_STATE_US}|{_STATE_AU}|{_STATE_CA})\.?[ ,]{{1,2}}(?:\d{{4,5}}(?:-\d{{4}})?|{_CA})\b"
    rf"|{_CITY},? {_UK}\b|{_CITY},? {_CA}\b|(?:{_CITY},? )?(?:co\.? \w+,? )?{_EIR}\b|{_UK}\b(?:,? {_CITY}{_END})?"
    rf"|{_NL},? ?{_CITY}{_END}|{_NL}"
    rf"|(?:[a-z]{{1,2}}-)?\d{{2}}-\d{{3}},? {_CITY}{_END}|\d{{4,5}}-\d{{3}},? {_CITY}{_END}"
    rf"|(?:[a-z]{{1,2}}-)?\d{{3}} \d{{2}},? {_CITY}{_END}"
    rf"|(?:[a-z]{{1,3}}-)?\d{{4,5}},? {_CITY}(?: \([a-z]{{2}}\)| \b(?:cedex)\b(?: \d+)?)?{_END}"
    rf"|(?:{_CITY},? (?:{_CITY},? )?)(?:- ?)?(?:\d{{6}}|\d{{3}} \d{{3}}|\d{{5}}-\d{{3}}|\d{{5}}(?:-\d{{4}})?"
    rf"|\d{{4}})\b(?! ?(?:€|eur|times|days))"
    rf"|{_CITY} \d{{1,2}}(?=,|\n|\s*$)|(?:[a-z]{{1,2}}-)?\d{{4,6}}\b(?![ /-]*\d)(?! ?(?:€|eur|times|days|pcs))"
    rf"|{_COUNTRIES}\b|{_STATE_US}(?= ?\d{{5}}"
    rf"| ?[,.\n]| ?$)|(?:{_CITY}){_END})"
)
_TAIL = re.compile(rf"(?:,?\s*\n\s*|,+ ?| - | )(?:{_UNIT}|{_POST})")
_HEAD = re.compile(
    r"(?:(?:flat|apt\.?|apartment|unit|suite|room|shop|level|block|plot|house|h\.? ?no\.?|door|villa"
    r"|c/o)(?: no\.?:?)? ?#?[\w/-]{1,8}(?:,? | - |\n)(?:[^\W\d_]\w+ (?:house|court|building|apartments"
    r"|residency|towers?|heights|mansions?|complex),? )?|\d{1,4}/)\Z"
)
#: Lines of a label: a town, perhaps a region, and a line that ends with a postcode.
_BLOCK = re.compile(
    r"(?:[ ,]*\n\s*[^\n\d.!?:@]{2,30}){0,2}[ ,]*\n\s*(?:[^\W\d][^\n\d.!?:@]{0,25} )?\d{4,6}(?=\s*(?:[\n,.]|$)"
    r"| [^\W\d])"
)
_CODES = re.compile(rf"\b(?P<whole>{_UK}|{_CA})\b")
_CASED = re.compile(
    r"\b\d{4} ?[A-Z]{2} [A-Z][a-z'-]{2,}|(?P<state>,? (?:[A-Z]{2} \d{5}(?:-\d{4})?|(?:NSW|VIC|QLD|TAS|ACT|WA"
    r"|SA|NT) \d{4})\b)"
    r"|(?P<town>(?<!\w)(?:[A-Z]{1,2}-)?\d{5} [A-ZÄÖÜÉ][\w'-]{2,}(?:[ -][A-ZÄÖÜÉ][\w'-]+)*)(?=\s*(?:[,.;!?\n)]|$))"
)
_FOUR_DIGITS = re.compile(r"\d{4}")
_TOWN_BEFORE = re.compile(r"(?<![\w'-])[A-Z][\w'.-]+(?: [A-Z][\w'.-]+){0,2}\Z")
_PLACED = re.compile(r"(?:^|\n|, |\bin |\bnach |\bà |\ba |\bdi |\bplz:? )\Z")


def standalone(text: str, lower: str) -> Iterator[tuple[int, int]]:
    """Postcodes of a form of their own, and postcodes with their town, without a street."""
    for found in _CODES.finditer(lower):
        if " " in found[0] or text[found.start() : found.end()].isupper():
            yield found.span()
    for found in _CASED.finditer(text) if _FOUR_DIGITS.search(text) else ():
        start, end = found.span()
        if found.lastgroup == "state":
            town = _TOWN_BEFORE.search(text, max(0, start - 40), start)
            if town is None:
                continue
            start = town.start()
        elif found.lastgroup == "town" and not _PLACED.search(text, max(0, start - 6), start):
            continue
        yield start, end


_CONTACT = re.compile(r"(?:t[eé]l|phone|fax|mob|handy|mail|e-mail|order|bestell|iban|ust|vat|cell|call|ext)")
_FILLER = re.compile(
    r"(?:please|bitte|thanks|thank|can|could|and|but|not|merci|danke|gracias|grazie|bedankt|is|are|i|my|the|it"
    r"|instead|phone|tel|email|asap|sil|s'il|svp|per favore|por favor|alstublieft|regards|best|kind|cheers"
    r"|order|which|where|when|we|you|so|then|because|since|wo|wann|ich|mein|je|mi|le|la|el|un|kann|können|puis"
    r"|pouvez)\b"
)


def with_head(text: str, start: int) -> int:
    """`start` moved before the flat that stands there: "Flat 3, 45 High Street"."""
    head = _HEAD.search(text, max(0, start - 60), start)
    return head.start() if head else start


def with_tail(text: str, end: int) -> int:
    """`end` moved behind the flat, the postcode, the town and the country that follow."""
    digits = False  # a postcode or a flat was seen
    for _ in range(6):
        tail = _TAIL.match(text, end)
        if tail is None:
            break
        words = tail[0].strip(" ,\n-")
        if _CONTACT.match(words):
            break
        if not any(map(str.isdigit, words)):
            loose = tail[0].startswith((" ", "\n", ",\n")) and not tail[0].startswith(" -")
            if _FILLER.match(words) or (not _COUNTRY.fullmatch(words) and (digits or loose)):
                break
        else:
            digits = digits or re.search(r"\d{4}|\d[a-z]{2}|[a-z]\d[a-z]", words) is not None
        end = tail.end()
    block = _BLOCK.match(text, end)
    return block.end() if block else end

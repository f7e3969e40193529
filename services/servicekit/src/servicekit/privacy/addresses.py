"""Postal addresses: street and number in the forms of many countries, with the flat, postcode and town that belong to it.

Three ways to write a street are looked for where a number or a word for a street stands: "12 High Street", "Hauptstraße 5",
"Calle Mayor 10". What a label announces ("ship it to: ...") is taken with less.
"""

import re
from collections.abc import Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_WORD = r"[^\W\d_][\w'.-]*"
_TYPES_EN = (
    r"street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|court|ct|boulevard|blvd|way|place|pl|square|sq|terrace"
    r"|ter|tce|crescent|cres|close|gardens?|gdns|grove|hill|highway|hwy"
    r"|parkway|pkwy|circle|cir|trail|trl|row|mews|walk|quay|parade|pde|esplanade|rise|heights|loop|plaza|alley"
    r"|path|pike|turnpike|expressway|green|wharf|embankment|broadway|marg|nagar"
    r"|colony|chowk|layout|enclave|cross|main|promenade|crossing|ridge|view|vale|park|pass|point|run|villas?"
    r"|wynd|brae|bend|cove|landing|manor|meadows?|mill|mount|springs?|summit|valley|village|vista"
)
_BEFORE_NO = r"(?<![\w,.:/#€$£-])(?<!\d )"
_NUMBER_FIRST_EN = re.compile(
    rf"{_BEFORE_NO}(?:no\.? ?)?\d{{1,6}}[a-z]?(?:[-/]\d{{1,4}}[a-z]?)?(?: 1/2)?,? (?:[nsew]\.?|[ns][ew]|north"
    rf"|south|east|west)? ?"
    rf"(?:(?:{_WORD}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}?(?:{_TYPES_EN})\b\.?(?: (?:[nsew]|[ns][ew]|north|south"
    rf"|east|west)\b\.?)?(?!['’]\w)"
)
_SPECIAL_EN = re.compile(
    r"\d{1,5}[a-z]? (?:broadway|the (?:avenue|street|green|crescent|grove|drive|mall|parade|strand|close"
    r"|terrace|square|lane|quay|mews|walk|row)|piccadilly|strand|whitehall|cheapside|route \d{1,3}"
    r"|highway \d{1,3}|county road \d{1,4}|avenue [a-z]\b|la rambla)\b"
    r"|\bp\.? ?o\.? ?box \d{1,6}|\b(?:postfach|postbus|casella postale|apartado(?: de correos)?|boîte postale"
    r"|b\.?p\.?|gpo box|locked bag|private bag) \d{2,6}\b"
)
_TYPES_FR = (
    r"rue|avenue|av\.?|boulevard|boul\.?|bd\.?|blvd|place|pl\.?|chemin|ch\.|all[ée]es?|impasse|quai|cours"
    r"|route|square|passage|faubourg|sentier|esplanade|villa|cit[ée]|r[ée]sidence|lotissement|hameau"
    r"|rond-point|voie|mont[ée]e|promenade|ruelle"
)
_PART_FR = r"(?:(?:d'|l'|de l'|de la |de |du |des |la |le |les |aux? |en |saint-|sainte-)?[\w'.-]+)"
_NUMBER_FIRST_FR = re.compile(
    rf"{_BEFORE_NO}\d{{1,4}} ?(?:bis|ter|quater"
    rf"|[a-d])?,? ?(?:{_TYPES_FR}) {_PART_FR}(?: {_PART_FR}){{0,4}}?(?= ?[,.;:!?\n)]| \d{{5}}| \d{{4}} |$"
    rf"| (?:et|est|merci|s'il|svp|pour|mais|au lieu|je|[àa]) )"
)
_TYPE_FIRST = re.compile(
    r"(?<![\w'])(?:(?:calle|c/ ?|cl\.|avenida|avda\.?|avd\.?|av\.|paseo|p[ºo]\.? |plaza|pza\.?|plza\.?|camino"
    r"|carretera|ctra\.?|ronda|traves[ií]a|r[úu]a|carrer|glorieta|cuesta|passeig|avinguda|pla[çc]a|callej[oó]n"
    r"|urb\.|urbanizaci[oó]n|pol[ií]gono"
    r"|via|viale|v\.le|piazza|p\.zza|corso|c\.so|largo|vicolo|strada|piazzale|lungotevere|lungomare|borgo"
    r"|contrada|localit[àa]|loc\.|salita|calata|galleria"
    r"|rua|r\.|travessa|alameda|pra[çc]a|estrada|rodovia|ul\.|ulica|al\.|aleja|os\.|osiedle|pl\."
    r"|rue|boulevard|chemin|route|impasse|quai)(?<![\s]) ?)"
    r"(?:(?:[^\W\d_][\w'.ª-]*|\d{1,2}(?= (?:de|di|maja|listopada|stycznia)\b))(?: ?/ ?"
    r"| )){0,5}?[^\W\d_][\w'.-]*(?:,? ?(?:n[úu]m\.?|n\.? ?[º°o]\.?|n[º°]\.?|nr\.?|numero|n[úu]mero"
    r"|n\.)?,? ?#?)\d{1,5}(?: ?[a-f]\b)?(?:[/-]\d{1,4}[a-z]?)?(?:/[a-z])?(?![\w])"
)
_SUFFIX = re.compile(
    r"(?:stra(?:ß|ss)en?|str\.?|weg|platz|allee|gasse|ring|damm|ufer|chaussee|steig|stieg|pfad|promenade|markt"
    r"|graben|berg|hof|tor|zeile|kamp|wiese|feld|park|brücke|garten|anger|winkel|rain|bogen|wall|halde|matt"
    r"|strasse"
    r"|straat|laan|plein|gracht|kade|singel|dijk|dreef|pad|steeg|baan|lei|vest|burgwal|haven|park|plantsoen|hoek|veld"
    r"|gatan|vägen|gränd|torget|stigen|vej|gade|allé|stræde|veien|vegen|gata|gate|plass|katu|tie|kuja)\Z"
)
_PREFIX_DE = re.compile(
    r"(?<!\w)(?:am|an der|an den|auf dem|auf der|im|in der|in den|zum|zur|unter den|beim|hinter der|vor dem"
    r"|alte[r]?|neue[r]?|große|kleine|obere|untere|hohe[r]?|lange"
    r"|breite[r]?) (?:[^\W\d_][\w-]*)(?: [^\W\d_][\w-]*)? \Z"
)
_STREETS_WORD = re.compile(r"(?:straße|strasse|str\.|platz|allee|weg|ring|straat|laan|plein|weg|kade|lei|vej|väg)\Z")
_SMALL = re.compile(
    r"(?<=[^\W\d_.] )(?<!\w\d )\d{1,4}(?: ?[a-h]\b)?(?:[-/]\d{1,4}[a-h]?| ?- ?\d{1,3})?(?: (?:bis|hs|ii|iii"
    r"|i)\b)?(?![\w.:%€$-]*\d)(?!\w)(?! ?[%€$£:])"
)

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
    rf"|(?:[a-z]{{1,2}}-)?\d{{2}}-\d{{3}},? {_CITY}{_END}|\d{{4}}-\d{{3}},? {_CITY}{_END}"
    rf"|(?:[a-z]{{1,2}}-)?\d{{3}} \d{{2}},? {_CITY}{_END}"
    rf"|(?:[a-z]{{1,3}}-)?\d{{4,5}},? {_CITY}(?: \([a-z]{{2}}\)| \b(?:cedex)\b(?: \d+)?)?{_END}"
    rf"|(?:{_CITY},? (?:{_CITY},? )?)(?:- ?)?(?:\d{{6}}|\d{{3}} \d{{3}}|\d{{5}}-\d{{3}}|\d{{5}}(?:-\d{{4}})?"
    rf"|\d{{4}})\b(?! ?(?:€|eur|times|days))"
    rf"|(?:[a-z]{{1,2}}-)?\d{{4,6}}\b(?! ?(?:€|eur|times|days|pcs))|{_COUNTRIES}\b|{_STATE_US}(?= ?\d{{5}}"
    rf"| ?[,.\n]| ?$)|(?:{_CITY}){_END})"
)
_TAIL = re.compile(rf"(?:,? ?\n ?|,+ ?| - | )(?:{_UNIT}|{_POST})")
_TAIL_PLAIN = re.compile(rf" (?:{_CITY}){_END}")
_HEAD = re.compile(
    r"(?:(?:flat|apt\.?|apartment|unit|suite|room|shop|level|block|plot|house|h\.? ?no\.?|door|villa"
    r"|c/o)(?: no\.?:?)? ?#?[\w/-]{1,8}(?:,? | - |\n)(?:[^\W\d_]\w+ (?:house|court|building|apartments"
    r"|residency|towers?|heights|mansions?|complex),? )?|\d{1,4}/)\Z"
)
_STANDALONE = re.compile(
    rf"\b{_UK}\b|\b{_CA}\b|\b\d{{4}} ?(?-i:[A-Z]{{2}}) (?-i:[A-Z][a-z'-]{{2,}})"
    rf"|\b(?-i:[A-Z][\w'.-]+)(?: (?-i:[A-Z])[\w'.-]+){{0,2}},? (?-i:[A-Z]{{2}}) \d{{5}}(?:-\d{{4}})?\b"
    rf"|\b(?-i:[A-Z][\w'.-]+)(?: (?-i:[A-Z])[\w'.-]+)?,? (?-i:NSW|VIC|QLD|TAS|ACT|WA|SA) \d{{4}}\b"
    rf"|(?:(?<=\n)|(?<=, )|(?<=\bin )|(?<=\bnach )|(?<=\bà )|(?<=\ba )|(?<=\bdi )"
    rf"|(?<=^))(?:[A-Z]{{1,2}}-)?\d{{5}} (?-i:[A-ZÄÖÜÉ][\w'-]{{2,}})(?:[ -](?-i:[A-ZÄÖÜÉ])[\w'-]+)*(?=\s*(?:[,.;!?\n)]"
    rf"|$))",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?<!e-mail )(?<!email )(?<!mail )(?<!ip )(?<!web )(?<!mac )(?<!e-)\b(?:(?:shipping|delivery|billing"
    r"|postal|home|new|my|mailing|street|invoice|correct|current|our|old) address(?: is(?: now)?| to"
    r"| should be|:| =)|address(?: is|:)"
    r"|adresse(?: ist| lautet| est| :|:)|(?:liefer|rechnungs|versand)adresse(?: ist| lautet|:)?"
    r"|anschrift(?: ist| lautet|:)?|wohne (?:jetzt )?(?:in|an)(?: der| dem)?|(?:direcci[oó]n"
    r"|domicilio)(?: de \w+)?(?: es| nueva es|:)|vivo en|indirizzo(?: di \w+)?(?: è|:)|abito (?:in|a)"
    r"|j'habite(?: au)?|(?:adres|bezorgadres|afleveradres|factuuradres)(?: is|:)|woon (?:op|aan|in)|(?:ship"
    r"|deliver|send|forward)(?: it| them| this| the \w+)? to:?|i live (?:at|on)|we live (?:at|on)|living at"
    r"|moved to|lieferung an|liefern an)[ :\n]{1,3}"
)
_CHUNK = re.compile(
    r"[^\n.!?;]{0,90}?(?:\n[^\n.!?;:]{3,45}){0,4}?(?=$|\n\n|\n(?:thanks|danke|merci|gracias|grazie|bedankt"
    r"|regards|phone|tel|email|best)|[!?;]|\.(?:\s|$)| (?:and|und|but|aber|please|instead|thanks|et|y|because"
    r"|not|statt|nicht|rather)\b)"
)
_NO_ADDRESS = re.compile(
    r"@|https?:|\b(?:days?|tage|jours|hours?|eur|usd|orders?|pairs?|€|tomorrow|today|o'clock|pm|am|invoice"
    r"|refund|card|store|friday|monday|tuesday|wednesday|thursday|saturday|sunday|week|month|may|june|july"
    r"|percent|people|friends|addresses)\b"
)


def addresses(page: Page) -> Iterator[Claim]:
    """Every address of the page, as one stretch."""
    text = page.lower
    if not any(char.isdigit() for char in text):
        return
    for start, end in _streets(text):
        head = _HEAD.search(text, max(0, start - 60), start)
        yield Claim(strengths.ADDRESS, Kind.ADDRESS, head.start() if head else start, _with_tail(text, end))
    for found in _STANDALONE.finditer(page.text):
        yield Claim(strengths.ADDRESS - 5, Kind.ADDRESS, found.start(), found.end())
    for label in _LABEL.finditer(text):
        chunk = _CHUNK.match(text, label.end())
        if (
            chunk
            and len(chunk[0]) > 7
            and re.search(r"\d", chunk[0])
            and re.search(r"[^\W\d_]{3}", chunk[0])
            and not _NO_ADDRESS.search(chunk[0])
        ):
            yield Claim(
                strengths.ADDRESS - 8, Kind.ADDRESS, chunk.start(), chunk.start() + len(chunk[0].rstrip(" ,.-"))
            )


def _streets(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_NUMBER_FIRST_FR, _SPECIAL_EN, _TYPE_FIRST):
        for found in pattern.finditer(text):
            yield found.span()
    for found in _NUMBER_FIRST_EN.finditer(text):
        if _is_english_street(found[0]):
            yield found.span()
    for number in _SMALL.finditer(text):
        start = _street_before(text, number.start())
        if start is not None:
            yield start, number.end()


_NOT_STREETS = frozenset(
    [
        "of",
        "the",
        "a",
        "an",
        "and",
        "or",
        "in",
        "on",
        "at",
        "to",
        "for",
        "from",
        "is",
        "was",
        "are",
        "were",
        "with",
        "by",
        "my",
        "your",
        "our",
        "their",
        "it",
        "this",
        "that",
        "these",
        "days",
        "hours",
        "minutes",
        "times",
        "weeks",
        "months",
        "years",
        "items",
        "orders",
        "pairs",
        "people",
        "euros",
        "dollars",
        "pounds",
        "percent",
        "more",
        "less",
        "per",
        "only",
        "have",
        "has",
        "had",
        "do",
        "does",
        "did",
        "can",
        "will",
        "would",
        "i",
        "you",
        "we",
        "they",
        "if",
        "when",
        "than",
        "then",
        "not",
        "no",
        "but",
        "so",
        "as",
        "am",
        "pm",
        "off",
        "down",
        "up",
        "out",
        "about",
        "please",
        "ship",
        "order",
        "refund",
        "pieces",
        "packs",
        "kg",
        "km",
        "mm",
        "cm",
    ]
)


def _is_english_street(text: str) -> bool:
    """Whether the words between the number and the type can be a street's name."""
    words = re.findall(r"[^\W\d_][\w'-]*", text)
    inner = words[:-1]
    return not any(word in _NOT_STREETS for word in inner if word not in {"the", "of", "st"}) and bool(inner)


def _street_before(text: str, number: int) -> int | None:
    """Where the street begins whose number stands at `number`: "Hauptstraße 5", "Lange Straße 5", "Am Markt 5"."""
    line = (
        max(
            text.rfind("\n", 0, number),
            text.rfind(",", 0, number),
            text.rfind(":", 0, number),
            text.rfind(". ", 0, number),
        )
        + 1
    )
    before = text[max(line, number - 60) : number]
    word = re.search(r"([^\W\d_][\w.'-]*),? \Z", before)
    if word is None:
        return None
    offset = number - len(before)
    if _SUFFIX.search(word[1].rstrip(".")) or word[1].endswith("str."):
        start = word.start(1)
        if _STREETS_WORD.fullmatch(word[1]) or word[1] in {
            "weg",
            "markt",
            "park",
            "hof",
            "berg",
        }:  # two words: "Lange Straße"
            first = re.search(r"([^\W\d_][\w.'-]*[ -](?:[^\W\d_][\w'-]*[ -])?)\Z", before[:start])
            if first is None or first[1].strip() in {"die", "der", "in", "im", "am"}:
                return None
            start = first.start(1) if " " not in first[1].strip() else first.start(1) + first[1].index(" ") + 1
        elif len(word[1]) < 6:
            return None
        return offset + start
    prefixed = _PREFIX_DE.search(before)
    if prefixed and re.match(r"[ \d,a-h]*\n?,? ?\d{4,5} [^\W\d_]", text[number:]):
        return offset + prefixed.start()
    return None


def _with_tail(text: str, end: int) -> int:
    """`end` moved behind the flat, the postcode, the town and the country that follow."""
    for _ in range(6):
        tail = _TAIL.match(text, end)
        if tail is None or (tail[0].startswith(" ") and tail[0][1:2].isalpha() and not any(map(str.isdigit, tail[0]))):
            break
        if not any(map(str.isdigit, tail[0])) and _FILLER.match(tail[0].strip(" ,\n-")):
            break
        end = tail.end()
    return end


_FILLER = re.compile(
    r"(?:please|bitte|thanks|thank|can|could|and|but|not|merci|danke|gracias|grazie|bedankt|is|are|i|my|the|it"
    r"|instead|phone|tel|email|asap|sil|s'il|svp|per favore|por favor|alstublieft|regards|best|kind|cheers"
    r"|order|which|where|when|we|you|so|then|because|since|wo|wann|ich|mein|je|mi|le|la|el|un|kann|können|puis"
    r"|pouvez)\b"
)

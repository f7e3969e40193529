"""Streets with a number, in the forms of many countries.

Three ways to write one are looked for where a number or a word for a street stands: "12 High Street", "Hauptstraße 5",
"Calle Mayor 10".
"""

import re
from collections.abc import Iterator

_WORD = r"[^\W\d_][\w'.-]*"
_TYPES_EN = (
    r"street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|court|ct|boulevard|blvd|way|place|pl|square|sq|terrace"
    r"|ter|tce|crescent|cres|close|gardens?|gdns|grove|hill|highway|hwy"
    r"|parkway|pkwy|circle|cir|trail|trl|row|mews|walk|quay|parade|pde|esplanade|rise|heights|loop|plaza|alley"
    r"|path|pike|turnpike|expressway|green|wharf|embankment|broadway|marg|nagar"
    r"|colony|chowk|layout|enclave|cross|main|promenade|crossing|ridge|view|vale|park|pass|point|run|villas?"
    r"|wynd|brae|bend|cove|landing|manor|meadows?|mill|mount|springs?|summit|valley|village|vista|strip|common"
    r"|yard|mall|arcade|spur|canyon|creek|harbou?r|bypass"
)
_BEFORE_NO = r"(?=\d)(?<![\w,.:/#€$£-])(?:\d{1,4} )?"
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
#: Every special one holds one of these.
_SPECIALS = (
    "broadway", " the ", "piccadilly", "strand", "whitehall", "cheapside", "route ", "highway ", "county road",
    "avenue ", "rambla", "box", "postfach", "postbus", "casella", "apartado", "boîte", "bp", "b.p", "bag ",
)  # fmt: skip
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
_STREETS_WORD = re.compile(
    r"(?:straße|strasse|str\.|platz|allee|weg|ring|straat|laan|plein|weg|kade|lei|vej|väg|gate|gade|gata|vei"
    r"|vägen|gatan)\Z"
)
_SMALL = re.compile(
    r"(?=\d)(?:(?<=[^\W\d_] )|(?<=[^\W\d_]\. )|(?<=[^\W\d_], ))\d{1,4}(?: ?[a-h]\b)?(?:[-/]\d{1,4}[a-h]?"
    r"| ?- ?\d{1,3})?(?: (?:bis|hs|ii|iii"
    r"|i)\b)?(?![\w.:%€$-]*\d)(?!\w)(?! ?[%€$£:])"
)
#: Words that say that a number and a word for a street stand side by side by chance: "2 boots on the way".
_NO_STREET = re.compile(
    r"\b(?:a|an|and|or|in|on|at|to|for|from|is|was|are|were|with|by|my|your|our|their|it|this|that|these|days?|hours?"
    r"|minutes?|times?|weeks?|months?|years?|items?|orders?|pairs?|people|euros?|dollars?|pounds?|percent|more"
    r"|less|per"
    r"|only|have|has|had|do|does|did|can|will|would|i|you|we|they|if|when|than|then|not|no|but|so|as|am|pm|off"
    r"|down|up"
    r"|out|about|please|ship|refund|pieces|packs|kg|km|mm|cm|è|più|es|est|son|sono|más|très|una?|il|che|que)\b"
)


def streets(text: str) -> Iterator[tuple[int, int]]:
    """Where a street and its number stand in `text`, which is in lower case."""
    for found in _NUMBER_FIRST_FR.finditer(text):
        yield found.span()
    if any(mark in text for mark in _SPECIALS):
        for found in _SPECIAL_EN.finditer(text):
            yield found.span()
    for pattern in (_NUMBER_FIRST_EN, _TYPE_FIRST):
        for found in pattern.finditer(text):
            inner = found[0].split(None, 1)[1] if " " in found[0] else ""
            if not _NO_STREET.search(inner) and (pattern is _TYPE_FIRST or " " in inner.strip()):
                yield found.span()
    for number in _SMALL.finditer(text):
        start = _street_before(text, number.start())
        if start is not None:
            yield start, number.end()


_LINE_START = re.compile(r"[\n,:;]|\. ")
_LAST_WORD = re.compile(r"[^\W\d_][\w.'-]*\Z")
_TWO_WORDS = re.compile(r"([^\W\d_][\w.'-]*)[ -]\Z")
_POSTCODE_NEXT = re.compile(r"[ \da-h/-]{0,14}\n?,? ?\d{4,5} [^\W\d_]")


def _street_before(text: str, number: int) -> int | None:
    """Where the street begins whose number stands at `number`: "Hauptstraße 5", "Lange Straße 5", "Am Markt 5"."""
    before = text[max(0, number - 60) : number].rstrip(" ,")
    last = _LAST_WORD.search(before, max(0, len(before) - 40))
    if last is None:
        return None
    offset, word, start = max(0, number - 60), last[0], last.start()
    if _SUFFIX.search(word):
        if not _STREETS_WORD.fullmatch(word) and len(word) > 5:
            return offset + start
        first = _TWO_WORDS.search(before, 0, start)  # "Lange Straße"
        if first and first[1] not in {"die", "der", "in", "im", "am", "de", "het", "den", "von", "zum", "zur"}:
            return offset + first.start()
    if _POSTCODE_NEXT.match(text, number):
        line = [found.end() for found in _LINE_START.finditer(before)]
        prefixed = _PREFIX_DE.search(before + " ", line[-1] if line else 0)
        return offset + prefixed.start() if prefixed else None
    return None

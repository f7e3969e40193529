"""Names of people, where it is sure that a name is meant.

"My name is", "Mr", a greeting, a closing or a field announce one; a known given name with a capital is one in the middle of
a sentence too, unless it is also a word. What nothing announces is left alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Self

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*\.?")
_PARTICLES = frozenset(
    [
        "van",
        "von",
        "de",
        "del",
        "della",
        "der",
        "den",
        "di",
        "da",
        "dos",
        "do",
        "du",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "ten",
        "ter",
        "te",
        "zu",
        "zur",
        "vom",
        "af",
        "av",
        "y",
        "e",
        "mac",
        "mc",
        "st",
    ]
)
_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "herr",
        "frau",
        "hr",
        "fr",
        "mme",
        "mlle",
        "m",
        "monsieur",
        "madame",
        "mademoiselle",
        "señor",
        "señora",
        "señorita",
        "sr",
        "sra",
        "srta",
        "don",
        "doña",
        "sig",
        "signor",
        "signora",
        "sig.ra",
        "sig.na",
        "dott",
        "dott.ssa",
        "dhr",
        "mevr",
        "mevrouw",
        "mw",
        "meneer",
        "dhr.",
        "mister",
        "missus",
        "herrn",
        "pan",
        "pani",
        "ing",
    ]
)
_SURE_TITLES = frozenset({"mr", "mrs", "ms", "dr", "herrn", "mme", "mlle", "sig.ra", "mevr", "dhr"})
_INTRODUCED = re.compile(
    r"\b(?:my (?:full |first |last |sur|real |user)?name(?: is|'s| =|:)|name'?s|the name(?: is|'s)|name (?:is"
    r"|on (?:it|the (?:card|order|account|parcel|package)) is)|i am called|i'm called|im called|call me"
    r"|under the name(?: of)?"
    r"|in the name of|on behalf of|account holder(?: is)?|cardholder(?: name)?(?: is)?|(?:recipient"
    r"|addressee)(?: is)?|registered to|signed (?:for )?by|addressed to|belongs to|made out to"
    r"|mein(?: voller)? name (?:ist|lautet)|ich hei(?:ß|ss)e|auf den namen|name lautet|unter dem namen|namens"
    r"|me llamo|mi nombre es|mi nombre completo es|a nombre de|se llama|soy la señora|titular es"
    r"|je m'appelle|mon nom est|mon nom c'est|au nom de|moi c'est|s'appelle"
    r"|mi chiamo|il mio nome è|a nome di|a nome|si chiama|intestat[oa] a"
    r"|mijn naam is|(?:mijn )?naam is|ik heet|op naam van|op de naam|heet)[ :]{1,2}(?:is |: )?"
)
_MAYBE = re.compile(
    r"\b(?:i am|i'm|im|this is|it's|its|it is|here is|hier ist|hier spricht|ich bin|ich bin's|je suis|c'est"
    r"|soy|habla|sono|parla|ik ben|hier is|met|hi it's|speak(?:ing)? (?:to|with)|spoke (?:to|with)|talk(?:ed"
    r"|ing)? (?:to|with)|told by"
    r"|(?:my|meine?|mi|mon|ma|mia|mio|mijn)(?: lieber?| late| ex)? (?:husband|wife|son|daughter|mother|father"
    r"|mom|mum|dad|brother|sister|boyfriend|girlfriend|partner|friend|neighbou?r|colleague|boss|assistant"
    r"|flatmate|roommate|mann|frau|sohn|tochter|mutter|vater|bruder|schwester|freund|freundin|nachbar"
    r"|nachbarin|kollege|kollegin"
    r"|marido|mujer|hijo|hija|madre|padre|hermano|hermana|novio|novia|vecino|vecina|amigo|amiga|mari|femme"
    r"|fils|fille|mère|père|frère|sœur|soeur|voisin|voisine|ami|amie|collègue|marito|moglie|figlio|figlia"
    r"|sorella|fratello|vicino|vicina|amico|amica|vrouw|man|zoon|dochter|moeder|vader|broer|zus|buurman"
    r"|buurvrouw|vriend|vriendin))[ ,:]{1,2}"
)
_FIELD = re.compile(
    r"(?:^|[\n,;|(] ?|- |\* )(?:(?:full|first|last|billing|shipping|contact|customer|account|card ?holder"
    r"|recipient|buyer)?[ -]?name|surname|(?:ship|bill|deliver|sold) to|recipient|customer|cardholder|attn\.?"
    r"|attention|contact(?: person)?|c/o|buyer|passenger|purchaser"
    r"|kunde|kundin|vorname|nachname|familienname|empf[äa]nger(?:in)?|ansprechpartner(?:in)?|besteller"
    r"|karteninhaber|z\.? ?hd\.?|nom(?: complet| de famille)?|prénom|destinataire|client|titulaire"
    r"|à l'attention de"
    r"|nombre(?: completo| y apellidos)?|apellidos?|destinatario|titular|a la atención de|nome(?: e cognome"
    r"| completo)?|cognome|destinataria|intestatario|cliente|alla c\.a\.|naam|voornaam|achternaam|klant"
    r"|ontvanger|t\.a\.v\.?|from|von|de|van|signed)"
    r"(?: ?[:=] ?| ?- )"
)
_GREETING = re.compile(
    r"(?:^|[\n.!?,;>] ?)(?:hi+|hiya|hello|hey+|dear|good (?:morning|afternoon|evening)|greetings|thanks"
    r"|thank you|many thanks|cheers|sorry|hallo|hi there|liebe[rs]?|guten (?:tag|morgen|abend)|moin|servus"
    r"|grüezi|danke|vielen dank|sehr geehrte[rs]?"
    r"|bonjour|bonsoir|salut|coucou|ch[eè]re?|merci(?: beaucoup)?|hola|buenos días|buenas(?: tardes| noches)?"
    r"|querid[oa]|estimad[oa]|gracias|ciao|buongiorno|buonasera|salve|gentile|car[oa]|gentilissim[oa]"
    r"|grazie(?: mille)?|egregio"
    r"|hoi|dag|beste|geachte|lieve|goede(?:morgen|middag|navond)|bedankt|dank je(?: wel)?|dankjewel|bye|ok"
    r"|okay|yes|no|well)[ ,]{1,2}"
)
_LETTER_GREETING = re.compile(
    r"(?:hi+|hello|hey+|dear|hallo|liebe|geehrt|cher|chère|hola|querid|estimad|ciao|gentile|car[oa]|hoi|beste"
    r"|geachte|lieve|bonjour|buongiorno)"
)
_CLOSING = re.compile(
    r"(?:^|[\n.!?,;] ?)(?:(?:with )?(?:(?:kind|best|warm|warmest|kindest|many)(?:est)? )?(?:regards|wishes)"
    r"|(?:yours )?(?:sincerely|faithfully|truly)|yours|respectfully|cheers|thanks(?: again| a lot| so much"
    r"| in advance| a million)?|thank you(?: very much| so much| in advance)?|thx|ta|best|love|take care"
    r"|many thanks|kr|br"
    r"|mfg|lg|vg|mit (?:freundlichen|besten|vielen|herzlichen) grü(?:ß|ss)en|(?:viele|liebe|beste|freundliche"
    r"|schöne|herzliche) grü(?:ß|ss)e(?: aus \w+)?|gruß|gruss|hochachtungsvoll|danke(?: im voraus)?"
    r"|vielen dank(?: im voraus)?"
    r"|(?:bien )?cordialement|bien à vous|sincères salutations|salutations(?: distinguées)?|merci(?: d'avance"
    r"| beaucoup)?|amicalement|bises|belle journée|bonne journée|(?:un )?(?:cordial )?saludos?(?: cordiales)?"
    r"|atentamente|gracias(?: de antemano)?|un abrazo"
    r"|(?:cordiali|distinti) saluti|saluti|grazie(?: mille)?|un saluto|met (?:vriendelijke"
    r"|hartelijke) groet(?:en)?|(?:vriendelijke |hartelijke )?groet(?:en|jes)?|mvg|bedankt|alvast bedankt"
    r"|signed|sent by|atenciosamente|pozdrawiam|hälsningar|mvh|med vänliga hälsningar)"
    r"[,!.]{0,3}(?P<gap> ?\n[\n ]*(?:- ?)?| ?[-~] ?| )"
)
_SIGNED = re.compile(r"\n[ ]*[-~]{1,2} ?|[.!?] [-~]{1,2} ?(?=[^\W\d_]+ ?\Z)")
_ENDS = re.compile(r"[ .,!]*(?:\n|\Z)")
_ARTICLES = frozenset(
    [
        "the",
        "a",
        "an",
        "your",
        "our",
        "this",
        "that",
        "these",
        "die",
        "der",
        "das",
        "den",
        "dem",
        "ein",
        "eine",
        "einen",
        "el",
        "los",
        "las",
        "un",
        "una",
        "la",
        "le",
        "les",
        "l'",
        "il",
        "lo",
        "gli",
        "de",
        "het",
        "een",
        "san",
        "santa",
        "santo",
        "los",
        "st",
        "saint",
        "são",
        "sankt",
        "via",
        "calle",
        "rue",
        "in",
        "nach",
    ]
)
_AFTER_PLACE = frozenset(
    [
        "street",
        "road",
        "avenue",
        "lane",
        "drive",
        "court",
        "square",
        "station",
        "airport",
        "university",
        "hospital",
        "park",
        "county",
        "city",
        "beach",
        "bridge",
        "island",
        "school",
        "church",
        "hotel",
        "straße",
        "platz",
        "weg",
        "allee",
        "straat",
        "plein",
        "bank",
        "store",
        "shop",
    ]
)


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    text: str
    lower: str

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()


class Names:
    """Finds people's names with lists of given names and of common words."""

    def __init__(self, given: frozenset[str], ambiguous: frozenset[str], common: frozenset[str]) -> None:
        self._given, self._ambiguous, self._common = given, ambiguous, common - (given - ambiguous) | ambiguous & common

    @classmethod
    def load(cls) -> Self:
        """With the word lists of this package."""
        return cls(_words("given_names.txt"), _words("ambiguous_names.txt"), _words("common_words.txt"))

    def __call__(self, page: Page) -> Iterator[Claim]:
        """Every name of the page."""
        tokens = _tokens(page)
        if not tokens:
            return
        at = {token.start: place for place, token in enumerate(tokens)}
        for first, last in self._spans(page, tokens, at):
            end = tokens[last].end
            start = tokens[first].start
            if page.text[end - 1] == ".":
                end -= 1
            if page.lower[start:end].endswith("'s"):
                end -= 2
            yield Claim(strengths.NAME, Kind.NAME, start, end)

    def _spans(self, page: Page, tokens: list[_Token], at: dict[int, int]) -> Iterator[tuple[int, int]]:
        text = page.lower
        for found in _INTRODUCED.finditer(text):
            yield from self._after(tokens, at.get(found.end()), any_case=True)
        for found in _MAYBE.finditer(text):
            yield from self._maybe(text, tokens, at.get(found.end()))
        for found in _FIELD.finditer(text):
            yield from self._after(tokens, at.get(found.end()), any_case=True, field=True)
        for found in _GREETING.finditer(text):
            yield from self._greeted(text, found, tokens, at.get(found.end()))
        for found in _CLOSING.finditer(text):
            yield from self._signed(text, tokens, at.get(found.end()), alone="\n" in found["gap"])
        for found in _SIGNED.finditer(text):
            yield from self._signed(text, tokens, at.get(found.end()), alone=True)
        yield from self._free(text, tokens)

    def _after(
        self, tokens: list[_Token], first: int | None, *, any_case: bool, field: bool = False
    ) -> Iterator[tuple[int, int]]:
        """A name that words announced: capitals as far as they go; without capitals up to two words that are no others."""
        if first is None:
            return
        first = self._past_title(tokens, first)
        token = tokens[first]
        if token.capital and not self._is_common(token):
            last = self._grown(tokens, first)
            if first == last and token.lower in _PARTICLES:
                return
            yield first, last
        elif any_case and not token.capital and not self._is_common(token) and len(token.lower) > 1:
            known = token.lower in self._given
            last = first
            follower = self._next(tokens, first)
            if (
                follower is not None
                and not self._is_common(follower)
                and not follower.capital
                and len(follower.lower) > 2
            ):
                last = first + 1
            if known or field or last > first:
                yield first, last

    def _maybe(self, text: str, tokens: list[_Token], first: int | None) -> Iterator[tuple[int, int]]:
        if first is None:
            return
        first = self._past_title(tokens, first)
        token = tokens[first]
        if token.lower in self._given and (token.lower not in self._ambiguous or token.capital):
            if token.capital:
                yield first, self._grown(tokens, first)
            else:
                follower = self._next(tokens, first)
                more = (
                    follower is not None
                    and not self._is_common(follower)
                    and len(follower.lower) > 3
                    and not follower.lower.endswith(("ing", "ed"))
                )
                yield first, first + 1 if more else first
        elif token.capital and not self._is_common(token) and not token.text.isupper():
            last = self._grown(tokens, first)
            if last > first and _ENDS_PHRASE.match(text, tokens[last].end):
                yield first, last

    def _greeted(
        self, text: str, found: re.Match[str], tokens: list[_Token], first: int | None
    ) -> Iterator[tuple[int, int]]:
        if first is None:
            return
        first = self._past_title(tokens, first)
        token = tokens[first]
        if self._is_common(token):
            return
        ends = _ENDS_PHRASE.match(text, tokens[first].end)
        if token.lower in self._given:
            if token.capital:
                yield first, self._grown(tokens, first)
            elif ends and token.lower not in self._ambiguous:
                yield first, first
        elif token.capital and not token.text.isupper() and _LETTER_GREETING.search(found[0]):
            last = self._grown(tokens, first)
            if re.compile(r" ?[,!\n]| ?\Z| -").match(text, tokens[last].end):
                yield first, last

    def _signed(self, text: str, tokens: list[_Token], first: int | None, *, alone: bool) -> Iterator[tuple[int, int]]:
        if first is None:
            return
        first = self._past_title(tokens, first)
        token = tokens[first]
        if self._is_common(token):
            return
        last = self._grown(tokens, first) if token.capital else first
        if not token.capital:
            follower = self._next(tokens, first)
            if follower is not None and not self._is_common(follower) and _ENDS.match(text, follower.end):
                last = first + 1
        known = token.lower in self._given
        if (_ENDS.match(text, tokens[last].end) and (known or (token.capital and (alone or last > first)))) or (
            known and token.capital and alone
        ):
            yield first, last

    def _free(self, text: str, tokens: list[_Token]) -> Iterator[tuple[int, int]]:
        """Names that only their title or their capital tells."""
        shouting = sum(token.text.isupper() and len(token.text) > 1 for token in tokens) * 2 > len(tokens)
        place = 0
        while place < len(tokens):
            token = tokens[place]
            bare = token.lower.rstrip(".")
            if bare in _TITLES and self._titled(tokens, place):
                first = self._past_title(tokens, place)
                last = self._grown(tokens, first) if tokens[first].capital else first
                yield first, last
                place = last + 1
                continue
            name = token.lower[:-2] if token.lower.endswith("'s") else token.lower.rstrip(".")
            if (
                token.capital
                and (name in self._given or _is_double(name, self._given))
                and not (shouting and token.text.isupper())
            ):
                last = self._grown(tokens, place)
                if self._stands(text, tokens, place, last, name):
                    yield place, last
                    place = last + 1
                    continue
            place += 1

    def _stands(self, text: str, tokens: list[_Token], first: int, last: int, name: str) -> bool:
        """Whether a given name with a capital is a person here."""
        before = (
            tokens[first - 1] if first and text[tokens[first - 1].end : tokens[first].start] in {" ", "-"} else None
        )
        if before is not None and before.lower in _ARTICLES:
            return False
        follower = self._next(tokens, last)
        if follower is not None and follower.lower in _AFTER_PLACE:
            return False
        if name not in self._ambiguous:
            return True
        begins = before is None
        if last == first:
            return False
        return not begins or bool(_ENDS_PHRASE.match(text, tokens[last].end))

    def _titled(self, tokens: list[_Token], place: int) -> bool:
        title = tokens[place]
        follower = self._next(tokens, place, dots=True)
        if follower is None or self._is_common(follower):
            if follower is None or follower.lower.rstrip(".") not in _TITLES or place + 2 >= len(tokens):
                return False
            return self._titled(tokens, place + 1)
        bare = title.lower.rstrip(".")
        if bare == "m":
            return title.text == "M." and follower.capital
        if bare in {"fr", "pan", "don", "miss", "ing", "hr", "sr", "sig", "prof"} and not (
            title.capital and follower.capital
        ):
            return bare in {"sig", "sr", "hr", "prof"} and title.text.endswith(".") and follower.capital
        if follower.capital:
            return follower.lower not in _PARTICLES or place + 2 < len(tokens)
        return bare in _SURE_TITLES and (len(follower.lower) > 2)

    def _past_title(self, tokens: list[_Token], first: int) -> int:
        while (
            first + 1 < len(tokens)
            and tokens[first].lower.rstrip(".") in _TITLES
            and self._next(tokens, first, dots=True) is not None
        ):
            first += 1
        return first

    def _grown(self, tokens: list[_Token], first: int) -> int:
        """The last token of the name that begins at `first`: up to four more with capitals, particles between them."""
        last, place = first, first
        while place - first < 4:
            follower = self._next(tokens, place, dots=len(tokens[place].text) == 2)
            if follower is None:
                break
            place += 1
            if follower.capital and (not self._is_common(follower) or follower.lower in self._given):
                last = place
                if follower.text.endswith(".") and len(follower.text) > 2:
                    break
            elif follower.lower not in _PARTICLES:
                break
        return last

    def _next(self, tokens: list[_Token], place: int, *, dots: bool = False) -> _Token | None:
        """The token that follows with nothing but a space between."""
        if place + 1 >= len(tokens):
            return None
        here, follower = tokens[place], tokens[place + 1]
        if follower.start - here.end != 1 or (here.text.endswith(".") and not dots and len(here.text) > 2):
            return None
        return follower

    def _is_common(self, token: _Token) -> bool:
        return token.lower.rstrip(".") in self._common


_ENDS_PHRASE = re.compile(
    r" ?[,.;:!?)\n]| ?\Z| (?:and|und|et|y|e|en|from|here|speaking|hier|aus|de|von|van|i|my|ich|mein|-)\b| -"
)


def _is_double(name: str, given: frozenset[str]) -> bool:
    first, dash, second = name.partition("-")
    return bool(dash) and first in given and second in given


def _tokens(page: Page) -> list[_Token]:
    tokens = []
    for found in _WORD.finditer(page.text):
        start, end = found.span()
        if page.text[end : end + 1] in {"@", "_"} or (start and page.text[start - 1] in "@/_#."):
            continue
        text = found[0]
        if text.endswith(".") and len(text) > 2 and text[:-1].lower() not in _TITLES:
            text, end = text[:-1], end - 1
        tokens.append(_Token(start, end, text, page.lower[start:end]))
    return tokens


def _words(name: str) -> frozenset[str]:
    lines = resources.files("servicekit.privacy").joinpath("words", name).read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())

"""Names of people, where it is sure that a name is meant.

"My name is", "Mr", a greeting, a closing or a field announce one; a known given name with a capital is one in the
middle of a sentence too, unless it is also a word. What nothing announces is left alone.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, Self

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind
from servicekit.privacy.lexicon import Lexicon, Words
from servicekit.privacy.name_cues import (
    CLOSING,
    ENDS,
    ENDS_PHRASE,
    FIELD,
    GREETING,
    INTRODUCED,
    LETTER_GREETING,
    MAYBE,
    SIGNED,
)

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*\.?")
_PLAIN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_CAPITAL = re.compile(r"[^\W\d_a-z][^\W\d_]*(?:-[^\W\d_]+)*")
_CUES = (INTRODUCED, MAYBE, FIELD, GREETING, CLOSING, SIGNED)
#: What follows these is taken for a name in any case.
_SURE_CUES = frozenset((INTRODUCED, FIELD))


class _Token(NamedTuple):
    start: int
    end: int
    text: str
    lower: str
    after: str  # the character behind it
    capital: bool


class Names:
    """Finds people's names with lists of given names and of common words."""

    def __init__(self, words: Lexicon) -> None:
        self._words = words

    @classmethod
    def load(cls) -> Self:
        """With the word lists of this package."""
        return cls(Lexicon.load())

    def __call__(self, page: Page) -> Iterator[Claim]:
        """Every name of the page."""
        announced = [
            (cue, found)
            for cue in _CUES
            for found in cue.finditer(page.lower)
            if cue in _SURE_CUES or self._could_be(page, found.end())
        ]
        if not announced and not self._may_be_free(page):
            return
        tokens = _tokens(page, self._words.titles)
        at = {token.start: place for place, token in enumerate(tokens)}
        for first, last in self._spans(page, announced, tokens, at):
            end = tokens[last].end
            start = tokens[first].start
            if page.text[end - 1] == ".":
                end -= 1
            if page.lower[start:end].endswith("'s"):
                end -= 2
            yield Claim(strengths.NAME, Kind.NAME, start, end)

    def _could_be(self, page: Page, start: int) -> bool:
        """Whether the word at `start` has a capital, or is a given name or a title: what unsure cues ask of it."""
        word = _WORD.match(page.text, start)
        if word is None:
            return False
        bare = page.lower[start : word.end()].rstrip(".")
        return word[0][0].isupper() or bare in self._words.given or bare in self._words.titles

    def _may_be_free(self, page: Page) -> bool:
        """Whether a title or a given name with a capital stands in a text; in most texts none does."""
        words = self._words
        if not words.titles.isdisjoint(_PLAIN.findall(page.lower)):
            return True
        capitals = [one.lower() for one in _CAPITAL.findall(page.text)]
        return any(one in words.given or one.partition("-")[0] in words.given for one in capitals)

    def _spans(
        self, page: Page, announced: list[tuple[re.Pattern[str], re.Match[str]]], tokens: list[_Token],
        at: dict[int, int],
    ) -> Iterator[tuple[int, int]]:  # fmt: skip
        text = page.lower
        for cue, found in announced:
            first = at.get(found.end())
            if cue is INTRODUCED:
                yield from self._after(tokens, first, any_case=True)
            elif cue is MAYBE:
                yield from self._maybe(text, tokens, first)
            elif cue is FIELD:
                yield from self._after(tokens, first, any_case=True, field=True)
            elif cue is GREETING:
                yield from self._greeted(text, found, tokens, first)
            elif cue is CLOSING:
                yield from self._signed(text, tokens, first, alone="\n" in found["gap"])
            else:
                yield from self._signed(text, tokens, first, alone=True)
        yield from self._free(text, tokens)

    def _after(
        self, tokens: list[_Token], first: int | None, *, any_case: bool, field: bool = False
    ) -> Iterator[tuple[int, int]]:
        """A name that words announced: capitals as far as they go, else up to two words that are no others."""
        if first is None:
            return
        first = self._past_title(tokens, first)
        token = tokens[first]
        if token.capital and not self._is_common(token):
            last = self._grown(tokens, first)
            if first == last and token.lower in self._words.particles:
                return
            yield first, last
        elif any_case and not token.capital and not self._is_common(token) and len(token.lower) > 1:
            known = token.lower in self._words.given
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
        if token.lower in self._words.given and (token.lower not in self._words.ambiguous or token.capital):
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
            if last > first and ENDS_PHRASE.match(text, tokens[last].end):
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
        ends = ENDS_PHRASE.match(text, tokens[first].end)
        if token.lower in self._words.given:
            if token.capital:
                yield first, self._grown(tokens, first)
            elif ends and token.lower not in self._words.ambiguous:
                yield first, first
        elif token.capital and not token.text.isupper() and LETTER_GREETING.search(found[0]):
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
            if follower is not None and not self._is_common(follower) and ENDS.match(text, follower.end):
                last = first + 1
        known = token.lower in self._words.given
        if (ENDS.match(text, tokens[last].end) and (known or (token.capital and (alone or last > first)))) or (
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
            if not token.capital and bare not in self._words.titles:
                place += 1
                continue
            if bare in self._words.titles and self._titled(tokens, place):
                first = self._past_title(tokens, place)
                last = self._grown(tokens, first) if tokens[first].capital else first
                yield first, last
                place = last + 1
                continue
            name = token.lower[:-2] if token.lower.endswith("'s") else token.lower.rstrip(".")
            if (
                token.capital
                and (name in self._words.given or _is_double(name, self._words.given))
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
        if before is not None and before.lower in self._words.articles and first == last:
            return False
        follower = self._next(tokens, last)
        if follower is not None and follower.lower in self._words.after_place:
            return False
        if name not in self._words.ambiguous:
            return True
        begins = before is None
        if last == first:
            return False
        return not begins or bool(ENDS_PHRASE.match(text, tokens[last].end))

    def _titled(self, tokens: list[_Token], place: int) -> bool:
        title = tokens[place]
        follower = self._next(tokens, place, dots=True)
        if follower is None or self._is_common(follower):
            if follower is None or follower.lower.rstrip(".") not in self._words.titles or place + 2 >= len(tokens):
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
            return follower.lower not in self._words.particles or place + 2 < len(tokens)
        return bare in self._words.sure_titles and (len(follower.lower) > 2)

    def _past_title(self, tokens: list[_Token], first: int) -> int:
        while (
            first + 1 < len(tokens)
            and tokens[first].lower.rstrip(".") in self._words.titles
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
            if follower.capital and (not self._is_common(follower) or follower.lower in self._words.given):
                last = place
                if follower.text.endswith(".") and len(follower.text) > 2:
                    break
            elif follower.lower not in self._words.particles:
                break
        return last

    def _next(self, tokens: list[_Token], place: int, *, dots: bool = False) -> _Token | None:
        """The token that follows with nothing but a space between."""
        if place + 1 >= len(tokens):
            return None
        here, follower = tokens[place], tokens[place + 1]
        if (
            here.after != " "
            or follower.start - here.end != 1
            or (here.text.endswith(".") and not dots and len(here.text) > 2)
        ):
            return None
        return follower

    def _is_common(self, token: _Token) -> bool:
        return token.lower.rstrip(".") in self._words.common


def _is_double(name: str, given: frozenset[str]) -> bool:
    first, dash, second = name.partition("-")
    return bool(dash) and first in given and second in given


def _tokens(page: Page, titles: Words) -> list[_Token]:
    tokens = []
    whole, lowered = page.text, page.lower
    for found in _WORD.finditer(whole):
        start, end = found.span()
        text, after = found[0], whole[end : end + 1]
        if after in {"@", "_"} or (start and whole[start - 1] in "@/_#."):
            continue
        if text[-1] == ".":
            if after.isalpha():
                continue
            if len(text) > 2 and text[:-1].lower() not in titles:
                text, end, after = text[:-1], end - 1, "."
        tokens.append(_Token(start, end, text, lowered[start:end], after, text[0].isupper()))
    return tokens

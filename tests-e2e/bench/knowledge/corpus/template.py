"""The few words of template language that the pages need.

`{{name}}` is a fact. `{{if name}}…{{end}}`, `{{if name=value}}…{{end}}` and `{{unless name}}…{{end}}` keep or drop a
piece. `{{pick}}…{{or}}…{{end}}` says the same thing in one of several ways. `{{block name}}` is a shared piece.
"""

import random
import re
from collections.abc import Iterator, Mapping

_TAG = re.compile(r"\{\{([^{}]+)\}\}")

Facts = Mapping[str, object]


class TemplateError(ValueError):
    """The page cannot be written; the text says why."""


def render(source: str, facts: Facts, blocks: Mapping[str, str], chance: random.Random) -> str:
    """`source` with all facts filled in. `chance` decides the picks. Raises `TemplateError`."""
    return _Page(source, facts, blocks, chance).text()


class _Page:
    def __init__(self, source: str, facts: Facts, blocks: Mapping[str, str], chance: random.Random) -> None:
        self._pieces: Iterator[str] = iter(_TAG.split(source))
        self._facts, self._blocks, self._chance = facts, blocks, chance

    def text(self) -> str:
        alternatives, ended = self._until_end(live=True)
        if ended or len(alternatives) > 1:
            raise TemplateError(f"{ended or 'or'} without a beginning")
        return alternatives[0]

    def _until_end(self, *, live: bool) -> tuple[list[str], str]:
        """The alternatives up to the tag that ends them, and that tag ("" at the end of the page)."""
        alternatives: list[str] = []
        current = [next(self._pieces)]
        for tag in self._pieces:
            word, _, rest = tag.strip().partition(" ")
            if word == "end":
                return [*alternatives, "".join(current)], word
            if word == "or":
                alternatives.append("".join(current))
                current = []
            else:
                current.append(self._said(word, rest, live=live))
            current.append(next(self._pieces))
        return [*alternatives, "".join(current)], ""

    def _said(self, word: str, rest: str, *, live: bool) -> str:
        if word == "pick":
            return self._chance.choice(self._inner(live=live))
        if word in {"if", "unless"}:
            holds = self._holds(rest) == (word == "if")
            inner = self._inner(live=live and holds)[0]
            return inner if holds else ""
        if not live:
            return ""
        if word == "block":
            return render(self._blocks[rest], self._facts, self._blocks, self._chance)
        if word not in self._facts or rest:
            raise TemplateError(f"there is no fact {word} {rest}")
        return str(self._facts[word])

    def _inner(self, *, live: bool) -> list[str]:
        alternatives, ended = self._until_end(live=live)
        if not ended:
            raise TemplateError("a piece is never ended")
        return alternatives

    def _holds(self, condition: str) -> bool:
        name, _, wanted = condition.partition("=")
        value = self._facts.get(name)
        return str(value) in wanted.split("|") if wanted else bool(value)

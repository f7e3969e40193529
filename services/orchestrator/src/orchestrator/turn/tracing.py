"""Gives each leaf of a proposed call's arguments its origin, by comparing it with what was said and read. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from contracts.money import CURRENCY, decimal_digits
from orchestrator.turn.likeness import Words, minor_amounts
from orchestrator.turn.provenance import ArgumentOrigin, Origin, typed_part

#: What a typed field says in one piece: an id, a code, a date, a token of the vault.
_CODE = re.compile(r"<?[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}>?")
_SENTENCE = re.compile(r"[\n.!?;]+")
#: So many words in a row are no coincidence.
_WINDOW = 6
_MINOR = "_minor"


@dataclass(frozen=True, slots=True)
class Sources:
    """What a call is compared with: the customer's messages, the results of the turn (each with its fields of running
    text), and what else the model has read: the assistant's and staff's messages.
    """

    customer: Sequence[str]
    results: Sequence[tuple[Mapping[str, Any], Collection[str]]]
    read: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What a tool says of its arguments: their JSON Schema, which may say anything, and whether the others must be
    stated (a write over money or private data).
    """

    schema: Mapping[str, Any]
    free_text: Collection[str]
    strict: bool


def trace(arguments: Mapping[str, Any], policy: Policy, sources: Sources) -> tuple[ArgumentOrigin, ...]:
    """The origin of every leaf, by path. The arguments have been checked against the schema."""
    known = _Known(sources, arguments)
    properties: Mapping[str, Any] = policy.schema.get("properties", {})
    return tuple(
        known.origin_of(path, name, leaf, properties.get(name, {}), policy)
        for name, value in arguments.items()
        for path, leaf in _leaves(name, value)
    )


class _Known:
    """The sources, read once for all leaves."""

    def __init__(self, sources: Sources, arguments: Mapping[str, Any]) -> None:
        self._texts = sources.customer
        self._customer = [Words.of(text) for text in sources.customer]
        typed = [one for output, free in sources.results for one in _leaves("", typed_part(output, free))]
        # An amount is not any number: one piece of something is no cent.
        self._numbers = {(_field(path), leaf) for path, leaf in typed if isinstance(leaf, int | float)}
        self._codes = [Words.of(leaf) for _, leaf in typed if isinstance(leaf, str) and _CODE.fullmatch(leaf)]
        self._read = [Words.of(text) for text in (*sources.read, *_texts_of(sources))]
        self._digits = decimal_digits(str(arguments.get("currency", "")))
        self._rows: dict[tuple[str, int], set[str]] = {}
        self._ids = [value for value in arguments.values() if isinstance(value, str) and value.isdigit()]

    def origin_of(self, path: str, name: str, leaf: Any, schema: Mapping[str, Any], policy: Policy) -> ArgumentOrigin:
        if _is_chosen(leaf, schema):
            return ArgumentOrigin(path=path, origin=Origin.SHOP)
        if isinstance(leaf, str) and name in policy.free_text:
            return ArgumentOrigin(path=path, origin=self._of_text(leaf), text=True)
        origin = self._of_number(_field(path), leaf) if isinstance(leaf, int | float) else self._of_name(str(leaf))
        return ArgumentOrigin(path=path, origin=origin, names=policy.strict and not _is_currency(schema))

    def _of_name(self, value: str) -> Origin:
        if any(words.hold(value) for words in self._customer):
            return Origin.CUSTOMER
        if (wanted := Words.of(value).joined) and any(code.joined == wanted for code in self._codes):
            return Origin.TOOL
        return Origin.UNTRUSTED if any(words.hold(value) for words in self._read) else Origin.MODEL

    def _of_number(self, name: str, value: float) -> Origin:
        digits = self._digits if name.endswith(_MINOR) else 0
        number = self._ids[0] if self._ids else ""
        if any(value == one for text in self._texts for one in minor_amounts(text, digits, number)):
            return Origin.CUSTOMER
        if (name, value) in self._numbers:
            return Origin.TOOL
        return Origin.UNTRUSTED if any(words.hold(str(value)) for words in self._read) else Origin.MODEL

    def _of_text(self, text: str) -> Origin:
        sentences = [words for part in _SENTENCE.split(text) if (words := Words.of(part)).runs]
        if sentences and all(self._holds("customer", words, every=True) for words in sentences):
            return Origin.CUSTOMER
        return Origin.UNTRUSTED if self._holds("read", Words.of(text), every=False) else Origin.MODEL

    def _holds(self, whose: Literal["customer", "read"], words: Words, *, every: bool) -> bool:
        """Whether rows of words (`every` one, or any) stand in the customer's texts, or in those that were read."""
        size = min(_WINDOW, len(words.runs))
        if size == 0:
            return False
        if (whose, size) not in self._rows:
            texts = self._customer if whose == "customer" else self._read
            self._rows[whose, size] = {row for text in texts for row in text.rows(size)}
        found = (row in self._rows[whose, size] for row in words.rows(size))
        return all(found) if every else any(found)


def _texts_of(sources: Sources) -> Iterator[str]:
    for output, _ in sources.results:
        yield from (leaf for _, leaf in _leaves("", output) if isinstance(leaf, str) and not _CODE.fullmatch(leaf))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for key, item in value.items():
                yield from _leaves(f"{path}/{key}" if path else key, item)
        case list() | tuple():
            for number, item in enumerate(value):
                yield from _leaves(f"{path}/{number}", item)
        case None:
            return
        case _:
            yield path, value


def _field(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _is_chosen(leaf: Any, schema: Mapping[str, Any]) -> bool:
    """A yes or no, one of a list, or what stands there when nothing is said."""
    either = (schema, *schema.get("anyOf", ()))
    return isinstance(leaf, bool) or any(
        leaf in one.get("enum", ()) or ("const" in one and leaf == one["const"]) for one in either
    ) or ("default" in schema and leaf == schema["default"])  # fmt: skip


def _is_currency(schema: Mapping[str, Any]) -> bool:
    """A currency alone is no amount, and the service knows in which one was paid."""
    return schema.get("pattern") == CURRENCY

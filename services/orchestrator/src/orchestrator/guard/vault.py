"""Personal data as stable tokens (`<email_k7q2m4xd>`) for everything that is stored, searched, or shown to a model.

A token is a keyed hash of its value under the conversation's own key: the same value has the same token in every turn,
process and replay, and without the key nobody can try values out. The values are restored at the edges alone: in the
arguments of a call that goes out, and in the customer's own view (GUARD-1).
"""

import base64
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.ids import MASK, mask_id
from servicekit.privacy import Finder, Kind
from servicekit.privacy.tokens import TOKEN, plain_tokens

ORDER_FIELDS = frozenset({"order_id"})
_TOKEN_BYTES = 5
_SHOWN_ORDER = re.compile(rf"{MASK}[\w-]+")
_SPACING = re.compile(r"[\s().\-/]+")
#: Kinds whose values are the same value however they are grouped.
_GROUPED = frozenset({Kind.PHONE, Kind.CARD, Kind.IBAN, Kind.NATIONAL_ID})
#: Kinds whose values the finder finds again by itself.
_FOUND_AGAIN = frozenset(Kind) - {Kind.ORDER, Kind.ADDRESS}
#: What a hidden field held is looked for elsewhere from this length on: shorter values are words like any other.
_TELLING = 6
#: When something was or will be, as tools tell it: the finder has nothing to look for in it.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_NO_KIND = re.compile(r"[^a-z]+")


@dataclass(frozen=True, slots=True)
class Held:
    """One value of a vault: its token, and what the token stands for."""

    token: str
    kind: str
    value: str


@dataclass(slots=True)
class Vault:
    """Masks values to tokens and restores them. `key`: 32 bytes, the conversation's own. `names`: who takes part."""

    key: bytes = field(repr=False)
    finder: Finder
    names: Sequence[str] = ()
    _held: dict[str, Held] = field(default_factory=dict, repr=False)
    _fresh: list[Held] = field(default_factory=list, repr=False)

    def learn(self, held: Iterable[Held]) -> None:
        """What is stored already; it is not given to be stored again."""
        for one in held:
            self._held.setdefault(one.token, one)

    def take_fresh(self) -> tuple[Held, ...]:
        """What was masked since the last time and has to be stored before the masked text is of use."""
        fresh, self._fresh = tuple(self._fresh), []
        return fresh

    def mask(self, text: str) -> str:
        """The text with everything that tells who somebody is, or opens something, replaced by its token."""
        if not text:
            return text
        if _INSTANT.fullmatch(text):
            return self.mask_known(text)
        taken = [found.span() for found in TOKEN.finditer(text)] if "<" in text else []
        pieces, at = [], 0
        for found in self.finder.find(text, names=self.names):
            value = text[found.start : found.end]
            if any(found.start < end and start < found.end for start, end in taken) or _is_invoice(found.kind, value):
                continue
            pieces += [text[at : found.start], self._token(found.kind, value)]
            at = found.end
        return self.mask_known("".join((*pieces, text[at:])))

    def mask_known(self, text: str) -> str:
        """The text with order numbers and what hidden fields held as tokens, where they stand as words: the values
        that are known by now, and no finder is asked.
        """
        lower = text.casefold()
        for one in [held for held in self._held.values() if _is_looked_for(held)]:
            if one.value.casefold() in lower:
                pattern = rf"(?<![\w/=•.<-]){re.escape(one.value)}(?![\w=>])"
                text = re.sub(pattern, one.token, text, flags=re.IGNORECASE)
        return text

    def know_shown(self, text: str) -> str:
        """The text with the tokens of orders where they were shown by their last characters: what `show` has hidden.
        Where two orders end alike, neither is meant.
        """
        if MASK not in text:
            return text
        ends: dict[str, list[str]] = {}
        for one in self._held.values():
            if one.kind == Kind.ORDER:
                ends.setdefault(mask_id(one.value), []).append(one.token)
        alone = {shown: tokens[0] for shown, tokens in ends.items() if len(tokens) == 1}
        return _SHOWN_ORDER.sub(lambda found: alone.get(found[0], found[0]), text)

    def mask_fields(self, value: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
        """A copy of a tool's arguments or output: the named fields, with all that is in them, and order numbers are
        tokens, all text is masked.
        """
        hidden = frozenset(fields)
        return {key: self._mask_field(key, item, hidden) for key, item in value.items()}

    def restore(self, text: str) -> str:
        """The text with the values in the place of this vault's tokens; other tokens stay."""
        return self._replaced(text, lambda held: held.value)

    def show(self, text: str) -> str:
        """As `restore`, for answers: of an order number the last four characters only."""
        return self._replaced(text, lambda held: mask_id(held.value) if held.kind == Kind.ORDER else held.value)

    def reveal_orders(self, text: str) -> str:
        """The text with its order numbers restored, and nothing else: for our own checks."""
        return self._replaced(text, lambda held: held.value if held.kind == Kind.ORDER else held.token)

    def for_staff(self, text: str) -> str:
        """The text with its order numbers, and of all else its kind alone: there is no token left to be restored."""
        return plain_tokens(self.reveal_orders(text))

    def for_strangers(self, text: str) -> str:
        """The text for an address that nobody vouches for: of an order number the last four characters, of all else
        its kind alone.
        """
        return plain_tokens(
            self._replaced(text, lambda one: mask_id(one.value) if one.kind == Kind.ORDER else one.token)
        )

    def reveal_orders_in(self, value: Any) -> Any:
        """Nested values with order numbers restored in their strings."""
        return _deep(value, self.reveal_orders)

    def restore_arguments(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Tool arguments with the values in the place of tokens."""
        return {key: _deep(item, self.restore) for key, item in arguments.items()}

    def orders(self) -> frozenset[str]:
        """The order numbers that the conversation has mentioned."""
        return frozenset(one.value for one in self._held.values() if one.kind == Kind.ORDER)

    def _mask_field(self, key: str, item: Any, hidden: frozenset[str]) -> Any:
        if isinstance(item, str):
            if TOKEN.fullmatch(item):
                return item
            if key in ORDER_FIELDS and (number := item.lstrip("#")):
                return self._order(number)
            return self._token(_kind_of(key), item) if key in hidden and item else self.mask(item)
        if isinstance(item, Mapping):
            return self.mask_fields(item, hidden.union(item) if key in hidden else hidden)
        if key in hidden and isinstance(item, int | float) and not isinstance(item, bool):
            return self._token(_kind_of(key), str(item))
        if isinstance(item, list | tuple):
            return [self._mask_field(key, inner, hidden) for inner in item]
        return item

    def _replaced(self, text: str, shown: Callable[[Held], str]) -> str:
        if "<" not in text:
            return text
        return TOKEN.sub(lambda found: shown(held) if (held := self._held.get(found[0])) else found[0], text)

    def _order(self, value: str) -> str:
        """The token of what a call looks an order up by: what is known as something else does not become a number that
        staff are shown.
        """
        if (name := self._name(Kind.ORDER, value)) in self._held:
            return name
        known = (one.token for one in self._held.values() if _same(one.kind, one.value) == _same(one.kind, value))
        return next(known, None) or self._token(Kind.ORDER, value)

    def _name(self, kind: str, value: str) -> str:
        digest = hmac.digest(self.key, f"vault\n{kind}\n{_same(kind, value)}".encode(), "sha256")
        return f"<{kind}_{base64.b32encode(digest[:_TOKEN_BYTES]).decode().lower()}>"

    def _token(self, kind: str, value: str) -> str:
        before = ""
        if kind == Kind.ORDER:
            # Written in one way, so that a token stands for what the shop's systems know.
            before, value = value[: len(value) - len(value.lstrip("#"))], value.lstrip("#").upper()
        token = self._name(kind, value)
        if token not in self._held:
            self._held[token] = held = Held(token, str(kind), value)
            self._fresh.append(held)
        return before + token


def _kind_of(field: str) -> str:
    """The kind of what a hidden field holds: the field's name, in the letters of a token. Never an order's."""
    kind = _NO_KIND.sub("_", field.lower()).strip("_")
    return kind if kind and kind != Kind.ORDER else "field"


def _is_looked_for(held: Held) -> bool:
    return held.kind == Kind.ORDER or (held.kind not in _FOUND_AGAIN and len(held.value) >= _TELLING)


def _same(kind: str, value: str) -> str:
    """A value as it is told from others of its kind."""
    return (_SPACING.sub("", value) if kind in _GROUPED else value).casefold()


def _is_invoice(kind: str, value: str) -> bool:
    """An invoice number names a document of the shop's own; without its owner's token it opens nothing."""
    return kind == Kind.ORDER and value[:3].upper() == "INV"


def _deep(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case dict():
            return {key: _deep(inner, change) for key, inner in value.items()}
        case list() | tuple():
            return [_deep(inner, change) for inner in value]
        case _:
            return value

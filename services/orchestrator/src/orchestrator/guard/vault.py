"""Personal data and capability links as stable tokens (`<email_1>`) for everything that a model or a search may see.

A vault is rebuilt from the turn's journal each time, in the same order, so tokens are stable within a turn. They are
restored only in tool arguments and in the customer's own view (GUARD-1).
"""

import re
from collections.abc import Iterable
from typing import Any

_EMAIL = r"(?P<email>[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
# A link that opens something for whoever holds it.
_LINK = r"(?P<link>https?://[^\s)\]>\"']{1,500}?[?&](?:signature|sig|token|key)=[^\s)\]>\"']{1,500})"
_CARD = r"(?P<card>\b(?:\d[ -]?){12,18}\d\b)"
_PHONE = r"(?P<phone>(?<![\w./-])\+?\(?\d[\d ()./-]{7,16}\d\b)"
_FOUND = re.compile(f"{_LINK}|{_EMAIL}|{_CARD}|{_PHONE}")
_TOKEN = re.compile(r"<[a-z_]{2,20}_\d{1,3}>")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Vault:
    """Masks values to tokens and restores them. One per turn; `mask` calls must come in a fixed order."""

    def __init__(self) -> None:
        self._token_of: dict[str, str] = {}
        self._value_of: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def mask(self, text: str) -> str:
        """The text with every signed link, e-mail address, card and phone number replaced by its token."""
        return _FOUND.sub(self._replace, text)

    def mask_fields(self, value: dict[str, Any], fields: Iterable[str]) -> dict[str, Any]:
        """A copy of a tool's output in which the named fields are tokens and all other text is masked."""
        hidden = frozenset(fields)
        return {
            key: self._token(key, item) if key in hidden and isinstance(item, str) else self._mask_value(item)
            for key, item in value.items()
        }

    def restore(self, text: str) -> str:
        """The text with the tokens that this vault made replaced by their values; other tokens stay."""
        return _TOKEN.sub(lambda found: self._value_of.get(found[0], found[0]), text) if "<" in text else text

    def restore_arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Tool arguments with the tokens in their strings restored."""
        return {key: self._restore_value(item) for key, item in arguments.items()}

    def _mask_value(self, item: Any) -> Any:
        match item:
            case str():
                return self.mask(item)
            case dict():
                return {key: self._mask_value(inner) for key, inner in item.items()}
            case list():
                return [self._mask_value(inner) for inner in item]
            case _:
                return item

    def _restore_value(self, item: Any) -> Any:
        match item:
            case str():
                return self.restore(item)
            case dict():
                return {key: self._restore_value(inner) for key, inner in item.items()}
            case list():
                return [self._restore_value(inner) for inner in item]
            case _:
                return item

    def _replace(self, found: re.Match[str]) -> str:
        kind = found.lastgroup or "value"
        if kind == "phone" and _ISO_DATE.match(found[0]):
            return found[0]
        return self._token(kind, found[0])

    def _token(self, kind: str, value: str) -> str:
        token = self._token_of.get(value)
        if token is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            token = f"<{kind}_{self._counts[kind]}>"
            self._token_of[value], self._value_of[token] = token, value
        return token

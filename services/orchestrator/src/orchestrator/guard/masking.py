"""Ids as customers see them: an order or invoice number in an answer shows its last four characters only."""

import re

from contracts.ids import mask_id

#: Anything that could be an id, standing as a word of its own and not as part of a link.
_WORD = re.compile(r"(?<![\w/=•.-])[A-Za-z0-9][A-Za-z0-9-]{2,31}(?![\w=])")


class IdMask:
    """Masks a set of ids wherever they stand as a word, in any case."""

    def __init__(self, ids: frozenset[str]) -> None:
        self._ids = frozenset(one.casefold() for one in ids if len(one) > 4 or one.isdigit())

    def __call__(self, text: str) -> str:
        """The text with the ids masked: `ABC123` becomes `••C123`."""
        return _WORD.sub(self._shown, text) if self._ids else text

    def _shown(self, found: re.Match[str]) -> str:
        return mask_id(found[0]) if found[0].casefold() in self._ids else found[0]

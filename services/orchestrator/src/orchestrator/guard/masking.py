"""Ids as customers see them: an order or invoice number in an answer shows its last four characters only."""

import re
from collections.abc import Iterable
from typing import Any

from contracts.ids import mask_id

_ID_FIELDS = frozenset({"order_id"})


def known_ids(values: Iterable[dict[str, Any] | None]) -> frozenset[str]:
    """The order ids that tool arguments and outputs of the turn mention."""
    return frozenset(
        str(item) for value in values if value for key, item in value.items() if key in _ID_FIELDS and item
    )


class IdMask:
    """Masks a set of ids wherever they stand as a word, in any case."""

    def __init__(self, ids: frozenset[str]) -> None:
        longest_first = sorted((re.escape(one) for one in ids if len(one) > 4 or one.isdigit()), key=len, reverse=True)
        self._pattern = (
            re.compile(rf"(?<![\w/=•.]){'(?:' + '|'.join(longest_first) + ')'}(?![\w=])", re.IGNORECASE)
            if longest_first
            else None
        )

    def __call__(self, text: str) -> str:
        """The text with the ids masked: `ABC123` becomes `••C123`."""
        return self._pattern.sub(lambda found: mask_id(found[0]), text) if self._pattern else text

"""Where text comes from, and what may follow from it: the rules. Comparing is in `tracing.py`.

A result with text of others taints the turn: no write is callable in it any more. A leaf of a write's arguments that
names an object, a person, an address or an amount must be the customer's or a tool's own.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

from contracts.base import OpenModel
from contracts.tool import EVERY_FIELD


class Origin(StrEnum):
    """Who stands behind a piece of text."""

    #: The customer's own words in this conversation.
    CUSTOMER = "customer"
    #: Our policy, phrases and contracts.
    SHOP = "shop"
    #: Ids, numbers, codes and dates in typed fields of our tools' results.
    TOOL = "tool"
    #: Text that others may have written: documents, notes, tickets, what the assistant made of them.
    UNTRUSTED = "untrusted"
    #: Found nowhere: the model made it up.
    MODEL = "model"


class ArgumentOrigin(OpenModel):
    """Where one leaf of a call's arguments comes from. `path` as in `order_id` or `items/0/sku`.

    `names`: it names an object, a person, an address or an amount in a write over money or private data. `text`: it is
    running text, which may say anything and is shown to the customer whole.
    """

    path: str
    origin: Origin
    names: bool = False
    text: bool = False


#: Why a write is not callable: text of others is in the turn, or an argument is nobody's.
WriteRefusal = Literal["write_after_text", "argument_not_stated"]
_STATED = frozenset({Origin.CUSTOMER, Origin.TOOL})


def refusal(*, write: bool, tainted: bool, origins: Iterable[ArgumentOrigin]) -> WriteRefusal | None:
    """Why a proposed call must not even be previewed; None when it may."""
    if not write:
        return None
    if tainted:
        return "write_after_text"
    if any(one.names and one.origin not in _STATED for one in origins):
        return "argument_not_stated"
    return None


def brings_text(output: Mapping[str, Any], free_text: Collection[str]) -> bool:
    """Whether a result holds text of others: a field of that name, at any depth, that is not empty."""
    if EVERY_FIELD in free_text:
        return bool(output)
    return any(_fields_of_text(output, frozenset(free_text)))


def typed_part(value: Any, free_text: Collection[str]) -> Any:
    """The result without its fields of running text; an empty dict when all of it is."""
    if EVERY_FIELD in free_text:
        return {}
    match value:
        case dict():
            return {key: typed_part(item, free_text) for key, item in value.items() if key not in free_text}
        case list() | tuple():
            return [typed_part(item, free_text) for item in value]
        case _:
            return value


def _fields_of_text(value: Any, names: frozenset[str]) -> Iterator[bool]:
    match value:
        case dict():
            for key, item in value.items():
                if key in names:
                    yield bool(item)
                else:
                    yield from _fields_of_text(item, names)
        case list() | tuple():
            for item in value:
                yield from _fields_of_text(item, names)
        case _:
            return

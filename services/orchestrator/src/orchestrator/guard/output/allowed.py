"""What this turn makes allowed: the links, values and words that it observed, and what was really done in it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from orchestrator.guard.output.forms import plain

_URL = re.compile(r"https?://[^\s<>\"')\]}”]+")
_NO_VALUE = re.compile(r"[\W_]+")
#: So much of an order number stands in an answer.
_SHOWN = 4


@dataclass(frozen=True)
class Allowed:
    """`urls`: links that stand in what was observed, as they are. `hosts`: whose pages may be linked to.

    `observed`: all texts that were observed or written by the customer. `asked`: what the customer wrote. `done`: what
    was really done, in the words of `policy/promises.yaml`. `said`: what we said before. `orders`: the orders that were
    looked up, each by the last four characters of its number in lower case, with what it carries.
    """

    urls: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    observed: tuple[str, ...] = ()
    asked: str = ""
    done: frozenset[str] = frozenset()
    said: tuple[str, ...] = ()
    orders: tuple[tuple[str, frozenset[str]], ...] = ()

    def knows(self, value: str) -> bool:
        """Whether a value stands somewhere in what was observed, however it was written there."""
        return (bare := value_of(value)) != "" and bare in self._values

    @cached_property
    def _values(self) -> str:
        """What was observed, letters and digits only: worked out for the first value that somebody asks for."""
        return "\n".join(map(value_of, self.observed))


def allowed_of(
    outputs: Iterable[Mapping[str, Any]],
    *,
    business: str = "",
    said: Iterable[str] = (),
    asked: Iterable[str] = (),
    done: frozenset[str] = frozenset(),
    hosts: frozenset[str] = frozenset(),
) -> Allowed:
    """From the outputs of the turn's tools, the business facts, and what both sides wrote; `hosts` by settings."""
    urls: set[str] = set()
    pages = set(hosts)
    texts = [business]
    orders: list[tuple[str, frozenset[str]]] = []
    for output in outputs:
        orders += [(plain(str(one["order_id"])).casefold()[-_SHOWN:], told_by(one)) for one in orders_of(output)]
        for passage in output.get("passages", ()):
            # A page's own host may be linked to; what its text links to, only as it stands there.
            pages.add(host_of(str(passage.get("url", ""))))
        texts += _strings(output)
    for text in texts:
        urls.update(_links(text))
    pages.update(host_of(link) for link in _links(business))
    words, before = " ".join(asked), tuple(said)
    observed = (*texts, *before, words)
    return Allowed(frozenset(urls), frozenset(pages - {""}), observed, words, done, before, tuple(orders))


def orders_of(value: Any) -> Iterator[Mapping[str, Any]]:
    """The orders that an output tells the state of: it may be one itself, or hold several."""
    match value:
        case {"order_id": _, "status": _}:
            yield value
        case dict():
            for item in value.values():
                yield from orders_of(item)
        case list() | tuple():
            for item in value:
                yield from orders_of(item)


def told_by(output: Mapping[str, Any]) -> frozenset[str]:
    """The states that an output tells, as `field:value`, and `tracking_url` when a parcel can be followed."""
    states = {f"{name}:{output[name]}" for name in ("status", "state") if name in output}
    return frozenset(states | ({"tracking_url"} if output.get("tracking_url") else set()))


def host_of(url: str) -> str:
    """The host of an address in lower case, without `www.`; empty when it has none or names a user."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        if "@" in parts.netloc or parts.port not in (None, 80, 443):
            return ""
        return (parts.hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return ""


def value_of(text: str) -> str:
    """A text as values are compared: letters and digits in lower case."""
    return _NO_VALUE.sub("", plain(text)).casefold()


def _links(text: str) -> Iterable[str]:
    return (found.rstrip(".,;:!?") for found in _URL.findall(text)) if "://" in text else ()


def _strings(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [one for item in value.values() for one in _strings(item)]
        case list() | tuple():
            return [one for item in value for one in _strings(item)]
        case int() | float() if not isinstance(value, bool):
            return [str(value)]
        case _:
            return []

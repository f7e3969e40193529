"""What every store does around its engine: which signals it asks, and hits out of the engine's lists and cosines."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from retrieval.backends.port import Found, Hit

Query = TypeVar("Query")


def to_ask(queries: Mapping[str, Query], known: Found | None) -> dict[str, Query]:
    """Of the signals `deep`, `quick` and `words` those that are not `known` yet."""
    return {name: query for name, query in queries.items() if known is None or name == "deep"}


def with_known(lists: Mapping[str, Iterable[str]], known: Found | None) -> dict[str, list[str]]:
    """The point ids of all signals, each best first: those just found, and those of `known`."""
    found = {name: list(one) for name, one in lists.items()}
    if known is not None:
        found["quick"] = [hit.point_id for hit in known.quick]
        found["words"] = [hit.point_id for hit in known.keyword]
    return found


def to_found(lists: Mapping[str, Iterable[str]], cosines: Mapping[str, Mapping[str, float]]) -> Found:
    """Hits with their cosines; a point that has gone since it was listed has none, and is left out."""
    deep, quick = cosines.get("deep", {}), cosines.get("quick", {})

    def hits(name: str) -> tuple[Hit, ...]:
        return tuple(Hit(point, deep.get(point), quick[point]) for point in lists.get(name, ()) if point in quick)

    return Found(hits("deep"), hits("quick"), hits("words"))

"""A source that yields what a test says."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from contracts.knowledge import Document
from retrieval.sources.port import Found, Item, Kind, Known, Origin


@dataclass
class Scripted:
    """Yields `items`; an exception among them is raised there. `known` is what the last run was told."""

    items: list[Item | BaseException]
    name: str = "site:test"
    kind: Kind = Kind.SITE
    known: Known = field(default_factory=lambda: Known({}))

    async def read(self, known: Known) -> AsyncIterator[Item]:
        """See `Source.read`."""
        self.known = known
        for item in self.items:
            if isinstance(item, BaseException):
                raise item
            yield item

    async def close(self) -> None:
        """Nothing is open."""


def found(document: Document, *, dated: bool = True, **origin: str) -> Found:
    """The document, found at its own address."""
    return Found(document, Origin(document.url, **origin), dated)

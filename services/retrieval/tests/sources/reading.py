"""Reads a source to its end, without a database."""

from collections.abc import Mapping

from contracts.knowledge import Document
from retrieval.sources.port import Found, Item, Known, Origin, Refused, Skipped, Source


async def read_all(source: Source, origins: Mapping[str, Origin] | None = None, cursor: str = "") -> list[Item]:
    """All items."""
    return [item async for item in source.read(Known(origins or {}, cursor))]


def documents(items: list[Item]) -> dict[str, Document]:
    """The documents by place."""
    return {item.origin.place: item.document for item in items if isinstance(item, Found)}


def origins(items: list[Item]) -> dict[str, Origin]:
    """Where they came from, by place."""
    return {item.origin.place: item.origin for item in items if isinstance(item, Found)}


def refused(items: list[Item]) -> dict[str, str]:
    """Reasons by place."""
    return {item.place: item.reason for item in items if isinstance(item, Refused)}


def skipped(items: list[Item]) -> dict[str, str]:
    """Reasons by place."""
    return {item.place: item.reason for item in items if isinstance(item, Skipped)}

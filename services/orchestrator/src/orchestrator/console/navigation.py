"""Navigation as data: a page is one file of `pages/`, and a line in `pages/__init__.py`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fastapi import APIRouter

from servicekit.auth.claims import Caller

PREFIX = "/console"


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its name, its path below `/console`, what the navigation calls it, the scope that it needs, and what adds
    its routes. Without a label it is in no navigation.
    """

    name: str
    path: str
    label: str
    scope: str
    routes: Callable[[APIRouter], None]


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation."""

    name: str
    href: str
    label: str


def links_for(pages: Iterable[Page], caller: Caller) -> list[Link]:
    """The entries that somebody sees: the pages whose scope they have. The pages check it by themselves."""
    return [
        Link(one.name, PREFIX + one.path, one.label) for one in pages if one.label and one.scope in caller.scopes
    ]  # fmt: skip

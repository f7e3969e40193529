"""What a hash-chained table is: rows of many chains, each row's hash over the one before it and the row's own bytes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

#: The hash before the first entry of a chain.
GENESIS = bytes(32)


class Row(Protocol):
    """A row by position: chain, seq, prev_hash, hash, then the columns that the ledger's functions know."""

    def __getitem__(self, place: int, /) -> Any:
        """One column."""

    def __iter__(self) -> Iterator[Any]:
        """All of them."""


class Head(NamedTuple):
    """The last entry of a chain: its number, counted from 1, and its hash."""

    seq: int
    hash: bytes


#: The heads of a ledger by chain. Kept outside of the database they are a checkpoint.
Heads = Mapping[str, Head]


@dataclass(frozen=True, slots=True)
class Break:
    """The first thing wrong in a chain; the entries before it are good."""

    chain: str
    seq: int
    why: str


def no_fault(row: Row) -> str:
    """For a table whose every column is covered by the hash."""
    return ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """One chained table. `hash` is sha256 over `prev_hash` and `covered(row)`; chains are named by text.

    Both statements take one argument, the only chain that is asked for, or NULL for all. `heads` gives chain, seq and
    hash, `rows` gives chain, seq, prev_hash, hash and more, ordered by chain and seq. `fault` says what else is wrong
    with a row whose hash is right, such as a column that is a copy of a covered one.
    """

    name: str
    heads: str
    rows: str
    covered: Callable[[Row], bytes]
    fault: Callable[[Row], str] = no_fault

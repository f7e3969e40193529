"""Folds the rows of a ledger, chain by chain, and names the first break of each. Pure: no database."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from servicekit.chain.ledger import GENESIS, Break, Head, Heads, Ledger, Row

_START = Head(0, GENESIS)


class ChainFold:
    """Takes the rows of all chains, ordered by chain and seq; `end` when there are no more.

    `heads` is where the database says that each chain ends, `checkpoint` where chains ended at some earlier time.
    """

    def __init__(self, ledger: Ledger, heads: Heads, checkpoint: Heads | None = None) -> None:
        self.entries = 0
        self.breaks: list[Break] = []
        self.ends: dict[str, Head] = {}
        self._ledger = ledger
        self._heads = heads
        self._checkpoint: Mapping[str, Head] = checkpoint or {}
        self._chain: str | None = None
        self._at = _START
        self._broken = False

    def add(self, rows: Sequence[Row]) -> None:
        """The next rows. After the first break of a chain its other rows are passed over."""
        covered, fault = self._ledger.covered, self._ledger.fault
        self.entries += len(rows)
        chain, (seq, previous), broken = self._chain, self._at, self._broken
        mark = self._checkpoint.get(chain or "", _START)
        for row in rows:
            if row[0] != chain:
                self._chain, self._at, self._broken = chain, Head(seq, previous), broken
                self._close()
                chain, seq, previous, broken = row[0], 0, GENESIS, False
                mark = self._checkpoint.get(row[0], _START)
            if broken:
                continue
            seq += 1
            found, hashed = row[1], row[3]
            if found != seq:
                why = "missing" if found > seq else "out of place"
            elif row[2] != previous:
                why = "does not follow the entry before"
            elif sha256(previous + covered(row)).digest() != hashed:
                why = "changed"
            elif seq == mark.seq and hashed != mark.hash:
                why = "differs from the checkpoint"
            else:
                why = fault(row)
            if why:
                broken = True
                self.breaks.append(Break(row[0], seq, why))
                seq -= 1
            else:
                previous = hashed
        self._chain, self._at, self._broken = chain, Head(seq, previous), broken

    def end(self) -> None:
        """After the last row: every chain that the heads or the checkpoint know must have been seen."""
        self._close()
        for chain, head in self._heads.items():
            if chain not in self.ends:
                self._judge_end(chain, _START, head)
        for chain, mark in self._checkpoint.items():
            if chain not in self.ends and chain not in self._heads and mark.seq:
                self.breaks.append(Break(chain, 1, "the whole chain is missing"))

    def _close(self) -> None:
        if self._chain is None:
            return
        self.ends[self._chain] = self._at
        if not self._broken:
            self._judge_end(self._chain, self._at, self._heads.get(self._chain))

    def _judge_end(self, chain: str, at: Head, head: Head | None) -> None:
        if head is None:
            self.breaks.append(Break(chain, at.seq, "its head is missing"))
        elif at.seq < head.seq:
            self.breaks.append(Break(chain, at.seq + 1, "cut off"))
        elif at != head:
            self.breaks.append(Break(chain, head.seq + 1, "the chain does not end where its head says"))
        elif self._checkpoint.get(chain, _START).seq > at.seq:
            self.breaks.append(Break(chain, at.seq + 1, "cut off since the checkpoint"))

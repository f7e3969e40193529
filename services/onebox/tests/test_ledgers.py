"""The journal and the record of refunds: of 10,000 entries each, every single change is named, and a cut tail too."""

import copy
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from billing.refunds.verify import REFUNDS
from orchestrator.journal.verify import JOURNAL
from servicekit.chain import GENESIS, Break, ChainFold, Head, Ledger

LENGTH = 10_000
CHAIN = "cnv_1"
Row = tuple[Any, ...]
MakeRow = Callable[[int, bytes, str], Row]


def journal_row(seq: int, before: bytes, payload: str) -> Row:
    line = f"{CHAIN}|{seq}|trn_{seq // 4}|{seq % 4}|guarded|{seq}\n".encode()
    hashed = hashlib.sha256(before + line + payload.encode()).digest()
    return CHAIN, seq, before, hashed, f"trn_{seq // 4}", seq % 4, "guarded", seq, payload.encode()


def refund_row(seq: int, before: bytes, payload: str) -> Row:
    line = f"{CHAIN}|{seq}|rfd_{seq // 5}|approved|{seq}|staff_eve\n".encode()
    hashed = hashlib.sha256(before + line + payload.encode()).digest()
    return CHAIN, seq, before, hashed, f"rfd_{seq // 5}", "approved", seq, "staff_eve", payload.encode()


def chain_of(make: MakeRow) -> list[Row]:
    rows: list[Row] = []
    for seq in range(1, LENGTH + 1):
        rows.append(make(seq, rows[-1][3] if rows else GENESIS, f"payload {seq}"))
    return rows


def edited(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case int():
            return value + 1
        case bytes():
            return value[:-1] + bytes([value[-1] ^ 1])
    return f"{value}~"


def changes(rows: list[Row], place: int, make: MakeRow) -> Iterator[tuple[str, list[Row]]]:
    """What may be done to the entry at `place`: the rows from there on, up to the second one behind it."""
    one, behind = rows[place], rows[place + 1 : place + 3]
    for column in range(2, len(one)):
        other = edited(one[column])
        yield f"column {column} edited", [(*one[:column], other, *one[column + 1 :]), *behind]
    # With a hash that is right, by somebody who cannot change all that follows.
    yield "rewritten", [make(one[1], one[2], "forged"), *behind]
    yield "deleted", behind
    yield "inserted", [make(one[1], one[2], "forged"), *((*row[:1], row[1] + 1, *row[2:]) for row in (one, *behind))]
    if behind:
        yield "swapped", [behind[0], one, *behind[1:]]
        yield "contents swapped", [(*one[:2], *behind[0][2:]), (*behind[0][:2], *one[2:]), *behind[1:]]


@pytest.mark.parametrize(
    ("ledger", "make"), [(JOURNAL, journal_row), (REFUNDS, refund_row)], ids=["journal", "refunds"]
)
def test_every_single_change_in_ten_thousand_entries_is_named(ledger: Ledger, make: MakeRow) -> None:
    """A fold knows what came before only by its state, so each change is tried from the state before it."""
    rows = chain_of(make)
    so_far = ChainFold(ledger, {CHAIN: Head(LENGTH, rows[-1][3])})
    tried = 0
    for place, one in enumerate(rows):
        for what, changed in changes(rows, place, make):
            fold = copy.copy(so_far)
            fold.breaks, fold.ends = [], {}
            fold.add(changed)
            fold.end()
            # A hash that is right is betrayed by the entry behind it.
            assert [broken.seq in (place + 1, place + 2) for broken in fold.breaks] == [True], (what, place)
            tried += 1
        so_far.add([one])
    so_far.end()
    assert so_far.breaks == []
    assert tried >= 11 * LENGTH


@pytest.mark.parametrize(
    ("ledger", "make"), [(JOURNAL, journal_row), (REFUNDS, refund_row)], ids=["journal", "refunds"]
)
def test_a_cut_tail_is_named_also_when_the_head_was_moved_back(ledger: Ledger, make: MakeRow) -> None:
    rows = chain_of(make)
    checkpoint = {CHAIN: Head(LENGTH, rows[-1][3])}
    for kept in (1, LENGTH // 2, LENGTH - 1):
        fold = ChainFold(ledger, {CHAIN: Head(kept, rows[kept - 1][3])}, checkpoint)
        fold.add(rows[:kept])
        fold.end()
        assert fold.breaks == [Break(CHAIN, kept + 1, "cut off since the checkpoint")]

"""A journal in memory that keeps what a database would: sealed bytes left out, all else as it is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.journal.cards import card_of
from orchestrator.journal.entries import Codec
from orchestrator.journal.store import end_event
from orchestrator.replay.recording import Recording, Row
from orchestrator.replay.sandbox import Parts
from orchestrator.turn.effects import AskApproval, AskConfirmation, Finish
from orchestrator.turn.journal import Closing, Recorded
from orchestrator.turn.state import TurnState
from servicekit.embedding import Embedder
from servicekit.language import LanguageDetector
from servicekit.privacy import Finder


@dataclass
class Journal:
    """Keeps each entry as the bytes that are sealed, and what closed the turn."""

    codec: Codec = field(default_factory=Codec)
    stored: list[tuple[bytes, int]] = field(default_factory=list)
    closings: list[tuple[Closing, TurnState]] = field(default_factory=list)

    def add(self, one: Recorded) -> None:
        self.stored.append((self.codec.encode(one.turn_input, one.mark), one.at_ms))

    async def load(self) -> Sequence[Recorded]:
        return [Recorded(self.codec.decode(payload), at_ms) for payload, at_ms in self.stored]

    async def append(self, after: int, inputs: Sequence[Recorded], state: TurnState, closing: Closing | None) -> None:
        for one in inputs:
            self.add(one)
        if closing is not None:
            self.closings.append((closing, state))

    def recording(self) -> Recording:
        inputs = tuple(Recorded(self.codec.decode(one), at_ms, self.codec.mark(one)) for one, at_ms in self.stored)
        finish = next(((one, state) for one, state in self.closings if isinstance(one, Finish)), None)
        cards = tuple(
            card_of("trn_1", one) for one, _ in self.closings if isinstance(one, AskConfirmation | AskApproval)
        )
        began = datetime(2026, 11, 23, tzinfo=UTC)
        row = Row(len(inputs), None, "", 0, 0, 0)
        if finish is None:
            return Recording("trn_1", "cnv_1", began, "waiting", row, inputs, cards=cards)
        end, usage = end_event(finish[1], finish[0]), finish[1].usage
        row = Row(
            len(inputs), finish[0].outcome.value, finish[1].model, usage.tokens_in, usage.tokens_out, usage.cost_micros
        )  # fmt: skip
        return Recording("trn_1", "cnv_1", began, "ended", row, inputs, end, cards)


@pytest.fixture(scope="session")
def offline() -> Iterator[OfflineBrain]:
    """The real one, over the real embeddings."""
    embedder = Embedder.load()
    yield OfflineBrain(embedder)
    embedder.close()


@pytest.fixture(scope="session")
def parts(finder: Finder) -> Parts:
    return Parts(finder, LanguageDetector.load())

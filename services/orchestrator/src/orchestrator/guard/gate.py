"""The gate of a streamed answer: a sentence is shown when it is whole and has passed, and not before.

What does not pass is held, with all that follows it: the check of the finished answer repairs or refuses it. So all
that was ever shown is the beginning of the answer, sentence by sentence, each by the same checks.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from contracts.turn import Mark
from orchestrator.brain.sentences import sentence_spans, whole_spans
from orchestrator.guard.answer import admits, by_offset, unanswerable
from orchestrator.guard.checker import AnswerChecker
from orchestrator.guard.support.checking import MAX_SENTENCES

FLUSH_S = 0.04
#: A sentence that is longer is held to the end of the answer.
MAX_HELD = 1_500
#: From so many characters on an answer is read as English, when no language is sure.
_TELLING = 120
_ENDS = frozenset(".!?\n")


@dataclass(slots=True)
class _Answer:
    """An answer so far: `raw` as the model wrote it, with the `pieces` that are not yet in it; `text` as it is read.

    Up to `judged` it was cut into sentences of which `waiting` are not yet checked; up to `ready` they have passed,
    and up to `passed` they were shown. `open`: nothing was held. `ending`: a sentence may have ended since `judged`.
    """

    raw: str = ""
    text: str = ""
    pieces: list[str] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)
    waiting: list[tuple[int, int]] = field(default_factory=list)
    judged: int = 0
    ready: int = 0
    passed: int = 0
    sentences: int = 0
    open: bool = True
    ending: bool = False
    admitted: bool = False
    foreign: bool | None = None

    def whole(self, reveal: Callable[[str], str]) -> str:
        """The text with all of its pieces. What is not yet a whole token stands at its end, behind all sentences."""
        if self.pieces:
            self.raw += "".join(self.pieces)
            self.pieces.clear()
            self.text = reveal(self.raw)
        return self.text


@dataclass(frozen=True, slots=True)
class Reading:
    """How a gate reads an answer.

    `checker` is made when the first sentence is whole. `foreign` says whether a text is in another language than what
    it rests on, None when it is not sure. `reveal` puts order numbers in the place of their tokens, for the checks;
    `render` gives a revealed text as the customer sees it.
    """

    checker: Callable[[], AnswerChecker]
    foreign: Callable[[str], bool | None]
    reveal: Callable[[str], str]
    render: Callable[[str], str]


class StreamGate:
    """Takes text deltas and marks; passes sentences on with their offset in the shown text."""

    def __init__(
        self, reading: Reading, show: Callable[[str, int], Awaitable[None]], monotonic: Callable[[], float]
    ) -> None:
        self._reading = reading
        self._show, self._monotonic = show, monotonic
        self._checker: AnswerChecker | None = None
        self._answer = _Answer()
        self._last = 0.0
        self._offset = 0

    @property
    def complete(self) -> bool:
        """Whether all of the text was shown."""
        return self._answer.open and not self._answer.text[self._answer.passed :].strip()

    async def __call__(self, delta: str) -> None:
        """Take a piece of text as the model wrote it; an empty one takes back what was shown so far."""
        if not delta:
            await self._retract()
            return
        answer = self._answer
        answer.pieces.append(delta)
        if not answer.open:
            return
        # An end is certain when the next sentence has begun, some pieces later.
        answer.ending = answer.ending or not _ENDS.isdisjoint(delta)
        if answer.ending:
            self._judge(whole_spans(answer.whole(self._reading.reveal), answer.judged))
            answer.ending = not _ENDS.isdisjoint(answer.text[answer.judged + 1 :])
        if answer.ready > answer.passed and (now := self._monotonic()) - self._last >= FLUSH_S:
            self._last = now
            await self._pass()

    def mark(self, marks: Sequence[Mark]) -> None:
        """Sources that the text names, by their place in it."""
        self._answer.marks += [(one.offset, one.chunk_id) for one in marks]

    async def finish(self, text: str) -> None:
        """The text is whole, and this: what is left of it is checked and shown. It may have been cut at its end."""
        answer = self._answer
        judged = answer.whole(self._reading.reveal)[: answer.judged]
        answer.raw, answer.text = text, self._reading.reveal(text)
        if not answer.text.startswith(judged):
            answer.open = False
        if answer.open:
            self._judge(list(sentence_spans(answer.text, answer.judged, len(answer.text))), last=True)
            await self._pass()

    async def _retract(self) -> None:
        self._answer = _Answer()
        if self._offset:
            self._offset = 0
            await self._show("", 0)

    def _judge(self, spans: Sequence[tuple[int, int]], *, last: bool = False) -> None:
        """Sentences that are whole now. A lead-in waits for what it leads into."""
        answer = self._answer
        answer.waiting += spans
        answer.sentences += len(spans)
        answer.judged = spans[-1][1] if spans else answer.judged
        longest = max((end - start for start, end in spans), default=len(answer.text) - answer.judged)
        if longest > MAX_HELD or answer.sentences > MAX_SENTENCES:
            answer.open = False
        elif answer.waiting and (last or not answer.text[slice(*answer.waiting[-1])].endswith(":")):
            self._check(last=last)

    def _check(self, *, last: bool) -> None:
        """Whether the waiting sentences pass: in either reading, while it is not sure which language they are in."""
        answer = self._answer
        if answer.foreign is None:
            answer.foreign = self._reading.foreign(answer.text)
            if answer.foreign is None and (last or len(answer.text) >= _TELLING):
                answer.foreign = False
        readings = (False, True) if answer.foreign is None else (answer.foreign,)
        passes = [self._passes(foreign=one) for one in readings]
        if any(passes) and not all(passes):
            return
        answer.ready = answer.waiting[-1][1] if all(passes) else answer.ready
        answer.open = all(passes)
        answer.waiting = []

    def _passes(self, *, foreign: bool) -> bool:
        if self._checker is None:
            self._checker = self._reading.checker()
        answer = self._answer
        # A mark is told by its place in what the model wrote.
        marks = by_offset([(len(self._reading.reveal(answer.raw[:offset])), one) for offset, one in answer.marks])
        found = self._checker.written(answer.text, answer.waiting, marks, foreign=foreign)
        answer.admitted = answer.admitted or any(admits(one.text) for one in found)
        # What the knowledge base does not have is told only after it was said that it does not.
        nowhere = unanswerable(self._checker.grounds.outputs) and not answer.admitted
        return not any(one.kind == "unsupported" or (nowhere and one.factual) for one in found)

    async def _pass(self) -> None:
        answer = self._answer
        if answer.ready <= answer.passed:
            return
        ready = answer.text[answer.passed : answer.ready]
        answer.passed = answer.ready
        shown = self._reading.render(ready if self._offset else ready.lstrip())
        await self._show(shown, self._offset)
        self._offset += len(shown)

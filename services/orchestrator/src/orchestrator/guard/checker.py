"""Whether the sentences of an answer may be shown: by what carries them, and by the rules of `output/`.

The same for a whole answer and for the sentences of one that is still being written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.brain.sentences import sentence_spans
from orchestrator.guard.output.allowed import allowed_of
from orchestrator.guard.output.policy import OutputPolicy
from orchestrator.guard.output.rule import Rule
from orchestrator.guard.output.screening import Cut, broken, cut
from orchestrator.guard.support.checking import Answered, Known, Sentence, check_sentences
from orchestrator.guard.support.evidence import evidence_of

#: How much of what stands before a sentence is read with it: what is cut in two by a full stop is found.
_BEFORE = 80

Marks = Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Grounds:
    """What else an answer may rest on, and how it is to be read.

    `outputs`: what the tools gave, as the Brain saw it; `done`: which of them succeeded, and what they say was done.
    `business`: the facts in the prompt's head. `said`: what we said before, `asked`: what the customer wrote. `ours`:
    whether a sentence is a phrase of ours. `foreign`: the answer is in another language than the passages; `claims`
    then says whether a sentence speaks of the shop's matters.
    """

    outputs: Sequence[Mapping[str, Any]] = ()
    business: str = ""
    said: Sequence[str] = ()
    asked: Sequence[str] = ()
    done: frozenset[str] = frozenset()
    ours: Callable[[str], bool] = lambda _text: False
    foreign: bool = False
    claims: Callable[[str], bool] = lambda _text: True


class AnswerChecker:
    """The checks of one turn's answer. Holds what was observed, ready to be compared, and the verdicts so far."""

    def __init__(self, grounds: Grounds, policy: OutputPolicy) -> None:
        self.grounds = grounds
        self.policy = policy
        self._known: Known = {}
        self._windows: dict[str, tuple[Rule, ...]] = {}
        self._promises: dict[tuple[str, tuple[str, ...]], Rule | None] = {}
        self._evidence = evidence_of(grounds.outputs, grounds.business, grounds.said, grounds.asked)
        self.allowed = allowed_of(
            grounds.outputs, business=grounds.business, said=grounds.said, asked=grounds.asked, done=grounds.done,
            hosts=policy.hosts,
        )  # fmt: skip

    def cut(self, text: str) -> Cut:
        """The text less what can be cut out of it."""
        return cut(text, self.allowed, self.policy)

    def broken(self, text: str) -> tuple[Rule, ...]:
        """The rules that a text breaks: as a whole, or in any of its sentences read with what stands before it.

        Somebody's data is looked for in the sentences alone, and not again in those that were shown from a stream.
        """
        whole = broken(text, self.allowed, self.policy, personal=False)
        parts = (rule for span in sentence_spans(text, 0, len(text)) for rule in self._broken(_window(text, *span)))
        return tuple(dict.fromkeys((*whole, *parts)))

    def _broken(self, window: str) -> tuple[Rule, ...]:
        if window not in self._windows:
            self._windows[window] = broken(window, self.allowed, self.policy)
        return self._windows[window]

    def sentences(self, text: str, marks: Marks, *, foreign: bool, screened: bool) -> tuple[Sentence, ...]:
        """The verdicts on all sentences. `screened`: the text as a whole breaks no rule, nor do its sentences then."""
        read = self._read(text, marks, foreign=foreign)
        found = check_sentences(read, self._evidence, None, self._known)
        return tuple(self._ruled(one, None if screened else one.text) for one in found)

    def written(
        self, text: str, spans: Sequence[tuple[int, int]], marks: Marks, *, foreign: bool
    ) -> tuple[Sentence, ...]:
        """The verdicts on sentences of a text that is still being written, each read with what stands before it."""
        read = self._read(text, marks, foreign=foreign)
        return tuple(
            self._ruled(one, _window(text, one.start, one.end))
            for one in check_sentences(read, self._evidence, spans, self._known)
        )

    def _read(self, text: str, marks: Marks, *, foreign: bool) -> Answered:
        return Answered(text, marks, self.grounds.ours, foreign, self.grounds.claims)

    def _ruled(self, one: Sentence, context: str | None) -> Sentence:
        """The sentence, unsupported when a rule is broken by it or by `context`, the text that ends with it."""
        if one.kind == "unsupported":
            return one
        rule = None
        if context is not None:
            rule = next(iter((*self.cut(context).rules, *self._broken(context))), None)
        if rule is None and not self.grounds.ours(one.text):
            rule = self._promised(one)
        return one if rule is None else replace(one, kind="unsupported", spans=(), reason=rule)

    def _promised(self, one: Sentence) -> Rule | None:
        """The rule that the sentence breaks as a promise or as a statement of an order's state; asked again for the
        whole answer of which it was a part.
        """
        pages = tuple(span.passage.text for span in one.spans)
        if any(one.text in page for page in pages):
            return None
        if (one.text, pages) not in self._promises:
            found = self.policy.promises.empty(one.text, "\n".join(pages), self.allowed)
            state = Rule.STATE if self.policy.states.untrue(one.text, self.allowed) else None
            self._promises[one.text, pages] = next(found, state)
        return self._promises[one.text, pages]


def _window(text: str, start: int, end: int) -> str:
    """A sentence with the words before it. Whole ones: half a link is another link."""
    before = max(0, start - _BEFORE)
    return text[max(text.rfind(" ", 0, before), text.rfind("\n", 0, before)) + 1 : end] if before else text[:end]

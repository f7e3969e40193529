"""The verdict on what a customer wrote: signals with their evidence, and pass, flag or refuse. Pure, no model."""

from dataclasses import dataclass
from math import prod
from typing import Literal

from orchestrator.guard.input.cleaning import folded
from orchestrator.guard.input.decoding import MOST_CHARACTERS, decoded
from orchestrator.guard.input.rules import InputPolicy, load_input_policy

InputVerdict = Literal["pass", "flag", "refuse"]
#: A decoded text is believed from this strength on; below it, chance makes such words.
_BELIEVED = 0.5


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that speaks against a text: `strength` in (0, 1], `start` and `end` in the folded text, and `how` it
    was read there: plain, or decoded from base64, rot13 …
    """

    name: str
    strength: float
    start: int
    end: int
    how: str = "plain"


@dataclass(frozen=True, slots=True)
class Judged:
    """What speaks against a text, strongest first, and the verdict that follows by `version` of the policy."""

    signals: tuple[Signal, ...]
    verdict: InputVerdict
    risk: float
    version: str

    @property
    def flags(self) -> tuple[str, ...]:
        """The names of the signals when the verdict is not `pass`; they go into the journal, the text does not."""
        return () if self.verdict == "pass" else tuple(dict.fromkeys(one.name for one in self.signals))


class InputGuard:
    """Judges texts by a policy; safe to share, it keeps nothing."""

    def __init__(self, policy: InputPolicy) -> None:
        self.policy = policy

    @classmethod
    def load(cls) -> "InputGuard":
        """With the policy that ships with the service (reads two files)."""
        return cls(load_input_policy())

    def judge(self, text: str) -> Judged:
        """The verdict on a text; of very long ones the beginning and the end are read."""
        if len(text) > 2 * MOST_CHARACTERS:
            text = f"{text[:MOST_CHARACTERS]}\n{text[-MOST_CHARACTERS:]}"
        strongest: dict[str, Signal] = {}
        for signal in self._signals(folded(text), "plain"):
            _keep(strongest, signal)
        plain = frozenset(strongest)
        for how, hidden in decoded(text, self.policy.lexicon.segmented):
            for signal in self._signals(hidden, how):
                if how in _MOVED and signal.name.startswith("abuse."):
                    continue  # "Regen" read backwards is an ordinary word, turned into one that is not
                if signal.strength >= _BELIEVED and signal.name not in plain:
                    _keep(strongest, signal)
                    _keep(strongest, Signal("encoding.hidden", self.policy.hidden, signal.start, signal.end, how))
        signals = tuple(sorted(strongest.values(), key=lambda one: (-one.strength, one.name)))
        risk = round(1 - prod(1 - one.strength for one in signals), 4)
        return Judged(signals, self._verdict(risk), risk, self.policy.version)

    def _signals(self, text: str, how: str) -> list[Signal]:
        policy, hits = self.policy, self.policy.lexicon.hits(text)
        held = [(rule, chosen) for rule in policy.rules if (chosen := rule.holds(hits))] if hits else []
        found = [Signal(rule.signal, rule.strength, *policy.lexicon.place(text, chosen), how) for rule, chosen in held]
        if how not in _NO_PATTERNS:
            matches = ((one, one.find.search(text)) for one in policy.patterns)
            found += [Signal(one.signal, one.strength, *match.span(), how) for one, match in matches if match]
        return found

    def _verdict(self, risk: float) -> InputVerdict:
        if risk >= self.policy.refuse_from:
            return "refuse"
        return "flag" if risk >= self.policy.flag_from else "pass"


#: These only move letters: what a pattern looks for cannot come out of them by design.
_MOVED = frozenset({"rot13", "reversed"})
_NO_PATTERNS = frozenset({"rot13", "reversed", "leet", "spaced", "split"})


def _keep(strongest: dict[str, Signal], signal: Signal) -> None:
    known = strongest.get(signal.name)
    if known is None or signal.strength > known.strength:
        strongest[signal.name] = signal

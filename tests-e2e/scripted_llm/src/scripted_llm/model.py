"""The model: it chooses the reply (fault, magic word, script, default policy) and remembers what it was asked."""

import random
import re
from collections import deque
from dataclasses import dataclass, field
from typing import get_args

from scripted_llm.policy import decide
from scripted_llm.replies import Fail, Fault, Reply
from scripted_llm.request import ChatRequest
from scripted_llm.settings import Behaviour, Rule

#: `[llm:stall]` anywhere in the question makes this call fail that way.
_MAGIC = re.compile(r"\[llm:(\w+)\]")
_FAULTS = frozenset(get_args(Fault))
REMEMBERED = 2_000


@dataclass(slots=True)
class Received:
    """One request as it came in, and how it ended: `open`, `complete`, `failed` or `disconnected`."""

    authorization: str
    body: bytes
    ended: str = "open"


@dataclass(slots=True)
class Model:
    """All the state of the server."""

    api_key: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    rules: tuple[Rule, ...] = ()
    received: deque[Received] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    dice: random.Random = field(default_factory=random.Random)
    matched: list[int] = field(default_factory=list)

    def behave(self, behaviour: Behaviour) -> None:
        """Takes a new behaviour; its dice start at its seed."""
        self.behaviour = behaviour
        self.dice = random.Random(behaviour.seed)

    def follow(self, rules: tuple[Rule, ...]) -> None:
        """Takes a new script, from its first steps."""
        self.rules = rules
        self.matched = [0] * len(rules)

    def reply_to(self, request: ChatRequest) -> Reply:
        """What to say, the first that applies: a drawn fault, a magic word, a rule, the default policy."""
        drawn = self.behaviour.drawn_fault(request.model, self.dice)
        if drawn is not None:
            return drawn
        for word in _MAGIC.findall(request.question):
            if word in _FAULTS:
                return Fail(word, retry_after_s=self.behaviour.retry_after_s)
        for index, rule in enumerate(self.rules):
            if rule.is_for(request.question, request.model, request.arguments):
                place = self.matched[index] if rule.advance == "calls" else len(request.results)
                self.matched[index] += 1
                step = rule.steps[min(place, len(rule.steps) - 1)]
                return decide(request) if step.by_policy else step.reply()
        return decide(request)

    def delay_s(self, milliseconds: float) -> float:
        """A waiting time with the behaviour's jitter."""
        spread = self.behaviour.jitter
        return milliseconds / 1000 * (1 + spread * (2 * self.dice.random() - 1) if spread else 1)

"""What the swarm is told, by the file that SWARM_PLAN names, and what its customers share."""

import json
import os
import random
import time
from collections import defaultdict
from itertools import cycle
from pathlib import Path
from typing import Any

from kinds import SCENARIOS, Kind
from turns import Sample

_READ_AGAIN_S = 30.0


class Plan:
    """`told`: scenario, tokens and samples (files), first (of each customer's orders), most_turns, think_s, rate."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._kinds = SCENARIOS[told["scenario"]]
        self._in_turn = cycle(self._kinds) if told["scenario"] == "each" else None
        self.think_s: float = told["think_s"]
        #: Turns per second that come whether others have ended or not; None: each customer waits for the answer.
        self.rate: float | None = told["rate"]
        self._tokens_file = Path(told["tokens"])
        self._samples = Path(told["samples"]).open("a", buffering=1)  # noqa: SIM115 - open as long as the process
        self._left: int = told["most_turns"]
        self._orders: dict[int, int] = defaultdict(lambda: int(told["first"]))
        self._tokens: list[str] = []
        self._read_at = 0.0

    @classmethod
    def read(cls) -> "Plan":
        """The plan of this process."""
        return cls(json.loads(Path(os.environ["SWARM_PLAN"]).read_text()))

    def token(self, customer: int) -> str:
        """A token that is good for some minutes; they are made outside, and renewed in time."""
        if time.monotonic() > self._read_at + _READ_AGAIN_S or not self._tokens:
            self._tokens = json.loads(self._tokens_file.read_text())
            self._read_at = time.monotonic()
        return self._tokens[customer]

    @property
    def customers(self) -> int:
        """How many customers the shop has."""
        if not self._tokens:
            self.token(0)
        return len(self._tokens)

    def order(self, customer: int) -> str:
        """The customer's next order: no cache has it."""
        number = customer + self.customers * self._orders[customer]
        self._orders[customer] = (self._orders[customer] + 1) % 300
        return f"BN{number:06d}"

    def kind(self) -> Kind:
        """What the next turn is about."""
        if self._in_turn is not None:
            return next(self._in_turn)
        return random.choices(list(self._kinds), list(self._kinds.values()))[0]

    def take_turn(self) -> bool:
        """Whether one more turn may begin."""
        self._left -= 1
        return self._left >= 0

    def write(self, sample: Sample) -> None:
        """Keep what a turn came to."""
        self._samples.write(sample.line() + "\n")

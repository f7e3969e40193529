"""What a test can set: the script (what is said) and the behaviour (how, how fast, how badly)."""

import random
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from scripted_llm.replies import UNFINISHED, CallTools, Fail, Fault, Reply, Say


class Closed(BaseModel):
    """Unknown fields are an error: a misspelt switch must not pass for a setting."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Call(Closed):
    """A tool call; arguments given as a string are sent as they are."""

    name: str
    arguments: dict[str, Any] | str = {}


class Step(Closed):
    """One reply: what the default policy says, or a fault, else calls (with `text` as their preamble), else a text."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    fault: Fault | None = None
    retry_after_s: float = 1.0
    by_policy: bool = False

    def reply(self) -> Reply:
        """The reply that this step stands for."""
        if self.fault is not None:
            return Fail(self.fault, self.text or UNFINISHED, self.retry_after_s)
        if self.calls:
            return CallTools(tuple((call.name, call.arguments) for call in self.calls), self.text)
        return Say(self.text)


class Rule(Closed):
    """When `match` is found in the question (and `model` in the model's name), its steps are the replies, the last one
    again and again. They advance with the tool results in the request, or with each call that matched. With `offers` it
    holds only where a tool on offer has that argument, as `get_order.order_id`.
    """

    match: str
    model: str = ""
    offers: str = ""
    steps: tuple[Step, ...] = Field(min_length=1)
    advance: Literal["results", "calls"] = "results"

    def is_for(self, question: str, model: str, arguments: frozenset[str]) -> bool:
        """Whether it says what is said to this question; `arguments` are those of the tools on offer."""
        if self.offers and self.offers not in arguments:
            return False
        return re.search(self.match, question) is not None and re.search(self.model, model) is not None

    @field_validator("match", "model")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a pattern: {error}") from error
        return pattern


class Behaviour(Closed):
    """How the server behaves. Rates are shares in [0, 1], times are milliseconds.

    `slow_planner_ms` is added when tools are offered. With `planner_ms` a call of tools is there as a whole after so
    long, whatever the pace of texts. `steady` sends each token when it is due by the clock, without jitter: what one
    timer is late is not added to the next. While it is `held` nothing is sent at all, not to those either who asked
    before; the next behaviour lets go. `answer_tokens` pads or cuts texts to that many tokens.
    `split_bytes` cuts the stream at every so many bytes. `models` limits the faults to models of which it is a part.
    """

    first_token_ms: float = Field(default=0, ge=0)
    token_ms: float = Field(default=0, ge=0)
    jitter: float = Field(default=0, ge=0, le=1)
    slow_planner_ms: float = Field(default=0, ge=0)
    planner_ms: float | None = Field(default=None, ge=0)
    steady: bool = False
    held: bool = False
    error_rate: float = Field(default=0, ge=0, le=1)
    error_faults: tuple[Fault, ...] = ("server_error",)
    retry_after_s: float = 1.0
    models: str = ""
    answer_tokens: int | None = Field(default=None, ge=1)
    split_bytes: int | None = Field(default=None, ge=1)
    seed: int = 0

    @property
    def instant(self) -> bool:
        """Whether nothing has to be waited for."""
        return not (self.first_token_ms or self.token_ms or self.slow_planner_ms)

    def drawn_fault(self, model: str, dice: random.Random) -> Fail | None:
        """The fault that strikes this call, if any."""
        if not self.error_rate or self.models not in model or dice.random() >= self.error_rate:
            return None
        return Fail(dice.choice(self.error_faults), retry_after_s=self.retry_after_s)

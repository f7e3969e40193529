"""What a turn shows that bears on how sure it is. Plain values, so that the judgement is pure."""

from dataclasses import dataclass

from contracts.tool import RiskTier


@dataclass(frozen=True, slots=True)
class SearchSeen:
    """The numbers of one search of the knowledge base, each in [0, 1]."""

    strength: float
    gap: float
    cover: float
    answerable: bool


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A tool call that was no search. `attempts` counts the first one; `done`: a write that happened."""

    tool: str
    risk: RiskTier
    failed: bool = False
    cached: bool = False
    attempts: int = 1
    done: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it. `covered` is None when the answer claims nothing, `self_check` is the model's own word in [0, 1].

    `asked` counts how often this question was asked, now included; `repairs` are those of the Brain's replies;
    `foreign`: the message is in none of our languages.
    """

    searches: tuple[SearchSeen, ...] = ()
    calls: tuple[CallSeen, ...] = ()
    covered: float | None = None
    self_check: float = 1.0
    flags: tuple[str, ...] = ()
    asked: int = 1
    repairs: tuple[str, ...] = ()
    degraded: bool = False
    foreign: bool = False
    risk_words: tuple[str, ...] = ()

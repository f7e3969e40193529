"""Holds one conversation as its customer would, over the public API, and keeps what was seen of it."""

import time
from dataclasses import dataclass, field

import httpx

from e2e.machine import Machine
from e2e.visitor import Turn, Visitor, accepted
from evalbench.case import Case, Said, filled
from evalbench.effects import Happened, happened
from evalbench.shoppers import Shopper, shopper


@dataclass(frozen=True, slots=True)
class Source:
    """A source that an answer named."""

    page: str
    title: str
    quote: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one message. `ending` as in a case; `text` is '' where nothing was said."""

    said: Said
    ending: str
    text: str = ""
    streamed: str = ""
    sources: tuple[Source, ...] = ()
    tools: frozenset[str] = frozenset()
    seconds: float = 0.0
    cost_usd: float = 0.0
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """A whole run. `broke`: why it could not be held to its end."""

    case: Case
    answers: tuple[Answer, ...]
    effects: Happened
    places: dict[str, str] = field(default_factory=dict)
    conversation_id: str = ""
    broke: str = ""


async def play(machine: Machine, case: Case) -> Played:
    """One run of the case. A conversation that cannot be held is a failure of the run, not of the evaluation."""
    who = await shopper(machine, case)
    answers: list[Answer] = []
    conversation_id, broke = "", ""
    async with machine.visitor(who.person) as visitor:
        try:
            begun = await visitor.call("POST", "/api/agent/conversations", {"channel": "web"})
            if begun.status_code == httpx.codes.FORBIDDEN:
                said = case.turns[0]
                answers.append(Answer(said, "forbidden", shown=begun.text))
            else:
                conversation_id = str(begun.raise_for_status().json()["conversation_id"])
                for said in case.turns:
                    answer = await exchange(visitor, conversation_id, said, who)
                    # One by one: what was said before a conversation broke is kept.
                    answers.append(answer)
        except (AssertionError, httpx.HTTPError) as error:
            broke = f"{type(error).__name__}: {error}"[:300]
    effects = await happened(machine, conversation_id, who.orders if case.who == "customer" else ())
    return Played(case, tuple(answers), effects, who.places, conversation_id, broke)


async def exchange(visitor: Visitor, conversation_id: str, said: Said, who: Shopper) -> Answer:
    """One message and what came of it, its card answered as the case says. Raises what the visitor raises."""
    began, heard = time.perf_counter(), len(visitor.received)
    answer = await visitor.post(conversation_id, filled(said.says, who.places))
    if answer.status_code == httpx.codes.FORBIDDEN:
        return Answer(said, "forbidden", shown=answer.text)
    turn = await visitor.follow(accepted(conversation_id, answer))
    if turn.events[-1].name == "confirmation" and said.confirm is not None:
        (await visitor.decide(turn, said.confirm)).raise_for_status()
        turn = await visitor.follow(turn, until="approval")
    seconds = time.perf_counter() - began
    return _answer(said, turn, seconds, "\n".join(visitor.received[heard:]))


def _answer(said: Said, turn: Turn, seconds: float, shown: str) -> Answer:
    tools = frozenset(tool["name"] for tool in turn.named("tool"))
    last = turn.events[-1].name
    if last != "end":
        ending = {"confirmation": "card", "approval": "with_staff"}.get(last, last)
        return Answer(said, ending, turn.streamed, turn.streamed, (), tools, seconds, 0.0, shown)
    end = turn.end
    sources = tuple(
        Source(one["url"].rstrip("/").rsplit("/", 1)[-1], one["title"], one["quote"]) for one in end["citations"]
    )
    return Answer(said, turn.outcome, turn.text, turn.streamed, sources, tools, seconds, float(end["cost_usd"]), shown)

"""The Brain that needs no key and no network: deterministic, and honest about what it is (BRAIN-5)."""

import re
from collections import Counter
from dataclasses import replace

from contracts.turn import FinalMessage, Role, ToolCall, Usage
from orchestrator.brain.offline.answering import Answer, Answerer, one_of_several
from orchestrator.brain.offline.deciding import Say, TicketWanted, Told, change_not_here, decide, is_guests, offered
from orchestrator.brain.offline.extracting import Extractor, Weights
from orchestrator.brain.offline.intents import EmbedWithWords, IntentReader, Learned
from orchestrator.brain.offline.manners import Manners
from orchestrator.brain.offline.owning import Order
from orchestrator.brain.offline.phrasing import TRANSLATED, Phrases, phrases_by_language, shown_id
from orchestrator.brain.offline.remembering import Remembered
from orchestrator.brain.offline.spelling import Spelling
from orchestrator.brain.offline.understanding import HOW_TO_CANCEL, Task, understand
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.port import BrainContext, Draft, Message, Observation, OnText, Plan
from orchestrator.brain.translating import Vocabulary
from servicekit.embedding import Goods

NAME = "offline"
_REFUSALS = frozenset({
    "sign_in", "refund_not_here", "change_not_here", "out_of_scope", "not_available", "ticket_not_here",
})  # fmt: skip
_ASKS_BACK = frozenset({"not_understood", "which_of_orders"})
#: From this likelihood on what the help pages did not know is said to be no business of ours.
_RATHER_ELSE = 0.5
_WORD = re.compile(r"\S+\s*")
#: An order that stands so has left, or is over.
_LEFT = frozenset({"shipped", "delivered", "cancelled", "returned", "refunded"})


class OfflineBrain:
    """`Brain` by what was learned from labelled messages, and rules. Holds nothing of any conversation."""

    def __init__(self, embed: EmbedWithWords) -> None:
        examples, words = read_policy("intents")["intents"], embed.pieces.words()
        self._intents = IntentReader(embed, Learned.load())
        self._manners = Manners.load(words)
        self._spelling = Spelling((text for texts in examples.values() for text in texts), words)
        self._phrases = phrases_by_language()
        extractor = Extractor(embed, Weights.load(), Remembered(embed), Goods.load())
        self._answerers = {one: Answerer(phrases, extractor) for one, phrases in self._phrases.items()}
        self._vocabularies = {one: Vocabulary.load(one) for one in TRANSLATED}

    @property
    def name(self) -> str:
        """Always `offline`."""
        return NAME

    def phrases(self) -> tuple[str, ...]:
        """Every phrase that this Brain says, its places unfilled."""
        return tuple(dict.fromkeys(text for one in self._phrases.values() for text in one.all_texts()))

    def vocabulary(self, language: str) -> Vocabulary | None:
        """The shop's words of a language that is not English."""
        return self._vocabularies.get(language)

    async def plan(self, context: BrainContext, on_text: OnText) -> Plan:
        """See `Brain.plan`. Never raises `BrainError`."""
        context = self._in_english(context)
        tasks = await understand(context, self._intents, self._manners, self._spelling)
        call = self._next_call(tasks, context) or self._call_that_is_off(tasks, context)
        if call is not None:
            return Plan(call, Usage(), NAME, streamed=False)
        message = await self._message(tasks, context)
        await _stream(message.text, on_text)
        return Plan(message, Usage(), NAME, streamed=True)

    async def draft(self, context: BrainContext, on_text: OnText) -> Draft:
        """See `Brain.draft`."""
        context = self._in_english(context)
        tasks = await understand(context, self._intents, self._manners, self._spelling)
        message = await self._message(tasks, context)
        await _stream(message.text, on_text)
        answers = not message.refuses and any(one.aside for one in tasks)
        return Draft(message.text, message.citations, Usage(), NAME, refuses=message.refuses, answers=answers)

    def _in_english(self, context: BrainContext) -> BrainContext:
        """A message of another language by its known words: what is wanted, and what to search for."""
        vocabulary = self._vocabularies.get(context.language)
        if vocabulary is None:
            return context
        history = tuple(
            # What we offered is known by our own phrases.
            one if one.role is Role.ASSISTANT else Message(one.role, vocabulary.in_english(one.text) or one.text)
            for one in context.history
        )
        return replace(context, question=vocabulary.in_english(context.question), history=history)

    def _next_call(self, tasks: tuple[Task, ...], context: BrainContext) -> ToolCall | None:
        """The first call that a task still needs; after a failure there is none."""
        if any(one.output is None for one in context.observations):
            return None
        made = Counter(one.tool for one in context.observations)
        # Searches last: nothing is looked up any more after one that is hardly sure.
        for task in sorted(tasks, key=lambda one: one.intent == "knowledge"):
            if task.query == HOW_TO_CANCEL and task.aside and _too_late(tasks, context):
                continue
            step = decide(task, context)
            if isinstance(step, TicketWanted):
                step = self._ticket(step)
            if not isinstance(step, ToolCall) or not offered(step.name, context):
                continue
            if not made[step.name]:
                return step
            made[step.name] -= 1  # each call was for one task, in their order
        return None

    def _call_that_is_off(self, tasks: tuple[Task, ...], context: BrainContext) -> ToolCall | None:
        """What the customer needs, when that is switched off: it does not run, and a person gets their question."""
        if not context.tools or not context.off:
            return None
        call = self._next_call(tasks, replace(context, tools=(*context.tools, *context.off)))
        return call if call is not None and call.name in {one.name for one in context.off} else None

    async def _message(self, tasks: tuple[Task, ...], context: BrainContext) -> FinalMessage:
        confidence = min(1.0, min(max(task.confidence, 0.0) for task in tasks))
        phrases = self._phrases[context.language]
        if context.observations and (key := _instead(tasks[0], context)) is not None:
            return FinalMessage(text=phrases.say(key), refuses=True, confidence=confidence)
        told = [one for one in context.observations if not _only_lists(one)]
        known = _known(tasks, context)
        if told or known:
            asides = frozenset(one.query for one in tasks if one.aside)
            answerer = self._answerers[context.language]
            answer = await answerer.answer(context.question, told, context.now, asides) if told else Answer("")
            later = [
                Say(key) for key, holds in (("ask_next", _withheld), ("sign_in", _may_sign_in)) if holds(tasks, context)
            ]
            later += _unchanged(tasks, context) or _unclear(tasks, context)
            stands = (answerer.status(order, context.now) for order in known)
            parts = (*stands, answer.text, *(_worded(one, phrases) for one in later))
            text = "\n\n".join(filter(None, parts))
            return FinalMessage(text=text, citations=answer.citations, refuses=answer.refuses, confidence=confidence)
        says = [step for step in (decide(task, context) for task in tasks) if isinstance(step, Say)]
        texts = [_worded(say, phrases) for say in says] or [phrases.say("not_available")]
        notes = " ".join(context.notes)
        first = says[0].key if says else "not_available"
        return FinalMessage(
            text=f"{notes} {texts[0]}".strip(), refuses=first in _REFUSALS, asks_back=first in _ASKS_BACK,
            confidence=confidence,
        )  # fmt: skip

    def _ticket(self, wanted: TicketWanted) -> ToolCall:
        arguments = {
            "subject": self._phrases["en"].subject(wanted.category), "body": wanted.body, "category": wanted.category,
        }  # fmt: skip
        if wanted.order_id is not None:
            arguments["order_id"] = wanted.order_id
        return ToolCall(name="create_ticket", arguments=arguments)


def _instead(task: Task, context: BrainContext) -> str | None:
    """What is said when the help pages, asked in case they knew, have no answer: what would have been said at once."""
    if any(one.output is None or one.output.get("answerable", True) for one in context.observations):
        return None
    if task.intent == "out_of_scope" and task.confidence >= _RATHER_ELSE:
        return "out_of_scope"
    return "sign_in" if is_guests(task, context) else None


def _may_sign_in(tasks: tuple[Task, ...], context: BrainContext) -> bool:
    """Whether a guest hears what the help pages say where a customer would be told of what is theirs."""
    return any(is_guests(task, context) for task in tasks)


def _known(tasks: tuple[Task, ...], context: BrainContext) -> list[Order]:
    """The orders that are meant and that the list of them has told of."""
    return [step.order for step in (decide(task, context) for task in tasks) if isinstance(step, Told)]


def _too_late(tasks: tuple[Task, ...], context: BrainContext) -> bool:
    """Whether what was found can be changed no longer: how it is done helps nobody then."""
    return any(one.key == "change_too_late" for one in _unchanged(tasks, context))


def _unchanged(tasks: tuple[Task, ...], context: BrainContext) -> list[Say]:
    """What is said of a change that was wanted, to an order that was found."""
    seen = (one.output for one in context.observations if one.output is not None and "status" in one.output)
    looked: list[Order] = [*seen, *_known(tasks, context)]
    change = next((task for task in tasks if task.intent == "order_change"), None)
    if not looked or change is None:
        return []
    # Where several were looked up, the one that is to be changed counts.
    its = [one for one in looked if one["order_id"] == change.slots.order_id] or looked
    left = any(one["status"] in _LEFT for one in its)
    return [Say("change_too_late") if left else change_not_here(change.slots)]


def _unclear(tasks: tuple[Task, ...], context: BrainContext) -> list[Say]:
    """What is asked back of one wish, where another one was answered."""
    steps = [decide(task, context) for task in tasks if not (task.if_theirs and task.intent == "order_status")]
    return [one for one in steps if isinstance(one, Say) and one.key == "which_of_orders"][:1]


def _only_lists(one: Observation) -> bool:
    """A list of orders, which only says which of them is meant."""
    return one.tool == "list_orders" and one.output is not None


def _withheld(tasks: tuple[Task, ...], context: BrainContext) -> bool:
    """Whether the customer asked for something that may not be called while text of others is in the turn."""
    if not context.withheld:
        return False
    whole = replace(context, tools=(*context.tools, *context.withheld))
    steps = [decide(task, whole) for task in tasks]
    names = {one.name for one in context.withheld}
    return any(isinstance(one, TicketWanted) or (isinstance(one, ToolCall) and one.name in names) for one in steps)


def _worded(say: Say, phrases: Phrases) -> str:
    facts = {key: shown_id(value) if key == "order" else value for key, value in say.facts}
    if say.orders:
        facts["orders"] = "\n".join(f"- {one_of_several(order, phrases)}" for order in say.orders)
    return phrases.say(say.key, **facts)


async def _stream(text: str, on_text: OnText) -> None:
    """Word by word, as a model would."""
    for word in _WORD.findall(text):
        await on_text(word)

"""From a message and its history to one or two tasks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contracts.turn import Role
from orchestrator.brain.offline.asking import is_asking
from orchestrator.brain.offline.clauses import asks_something, clauses_of, goes_beyond
from orchestrator.brain.offline.courtesy import is_only_thanks, wish_behind
from orchestrator.brain.offline.intents import OWN_THINGS, IntentReader
from orchestrator.brain.offline.manners import Manners
from orchestrator.brain.offline.negating import without_negated
from orchestrator.brain.offline.offers import answer_to, offer_of
from orchestrator.brain.offline.owning import (
    asks_for_more,
    asks_to_cancel,
    asks_what_is_left,
    awaits_money,
    says_another,
)
from orchestrator.brain.offline.persons import wants_no_machine
from orchestrator.brain.offline.quoting import said_oneself
from orchestrator.brain.offline.rules import (
    certain,
    hinted,
    is_no,
    is_yes,
    points_back,
)
from orchestrator.brain.offline.slots import (
    Amount,
    Slots,
    another_amount,
    only_amount,
    orders_of,
    read_slots,
    remembered_order,
)
from orchestrator.brain.offline.spelling import Spelling
from orchestrator.brain.offline.wishes import SURELY, intent_of, only_facts
from orchestrator.brain.port import BrainContext
from orchestrator.brain.sentences import content_words
from orchestrator.guard.danger import danger_in

MAX_TASKS = 2
#: They can do it themselves while it has not left: how, stands in the help pages.
HOW_TO_CANCEL = "cancel my order"
_FOLLOW_UP = re.compile(r"^\W*(?:and|or|but|even|what about|how about|also)\b", re.IGNORECASE)
_SAID_AGAIN = re.compile(
    r"\bi (?:said|meant|mean|asked)\W*$|^\W*(?:no\W+)?i (?:said|meant|mean|asked)\b", re.IGNORECASE
)
_ASKED_AMOUNT = re.compile(r"how much of order|wie viel von|combien dois-je|cuánto debo|quanto devo|hoeveel van", re.I)
_ASKED_WHICH = re.compile(
    r"which (?:of them|order)|um welche|quelle commande|de laquelle|qué pedido|de cuál|quale ordine|di quale|om welke",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"^\W*(?:i want |please |just )*(?:everything|all|the (?:whole|full|entire|total)\b.{0,20}|all of it"
    r"|full(?:y| refund)?|complete(?:ly)?|in full|it all|full refund)\W*(?:please)?\W*$",
    re.IGNORECASE,
)
_ACTING = frozenset({
    "order_status", "order_content", "invoice", "knowledge", "refund_request", "refund_status", "order_change",
    "open_ticket", "human", "serious",
})  # fmt: skip

#: A part of a message that wants nothing.
_TOLD = "told"
_FOR_PEOPLE = frozenset({"human", "serious"})
_SEARCHED = frozenset({"knowledge", "out_of_scope"})
#: From this likelihood on what is not ours is not looked for in the help pages.
NOT_OURS = 0.88
#: A message of so few content words with an "it" or a "that" is understood by what came before.
_FEW = 4
#: What a message that goes on with what was spoken of is not by itself.
_NOT_AFTER = frozenset({"out_of_scope", "complaint"})
_FEW_THAT_GO_ON = 8
#: Who says in so few words which order they mean says no more than that.
_FEW_TO_SAY_WHICH = 9
#: Below this likelihood a label is a guess.
_UNSURE = 0.5


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that the customer wants. `query` is what to search for, `about` what a ticket would say. `aside`: what
    the help pages say besides, if they do. `if_theirs`: the list of their orders tells of it, if one is meant.
    """

    intent: str
    slots: Slots
    query: str
    about: str
    confidence: float = 1.0
    aside: bool = False
    if_theirs: bool = False


async def understand(
    context: BrainContext, intents: IntentReader, manners: Manners, spelling: Spelling
) -> tuple[Task, ...]:
    """What the customer wants, at least one task, in the order of the message."""
    about, own = context.question, said_oneself(context.question)
    text = spelling.righted(own) if context.language == "en" else own
    slots = read_slots(text)
    if danger_in(own) is not None:
        # Whatever else is in it: an order that it names waits.
        return (Task("serious", slots, text, about),)
    if wants_no_machine(own):
        return (Task("human", slots, text, about),)
    answer = (
        _answer_to_offer(context, slots, manners)
        or _answer_to_how_much(context, slots)
        or _other_amount(context, slots)
    )
    if answer is not None:
        return (answer,)
    if (wish := wish_behind(text, worded=_is_worded(context))) != "":
        text = wish
    elif is_only_thanks(text):
        return (Task("thanks", slots, text, about),)
    if (left := without_negated(text, worded=_is_worded(context))) is None:
        return (Task("no", slots, text, about),)
    text = left
    earlier = _unnamed(_before(context)) if _means_another(text) else _before(context)
    if earlier and (only_facts(text, slots) or _says_which(text, context) or _means_another(text)):
        # "1234" or "the blanket" after "Which order is it?": the earlier message says what is wanted of it.
        text, about = f"{earlier} {text}", f"{earlier} {about}"
        slots = _together(read_slots(earlier), slots)
    slots = _with_history(slots, context)
    tasks: list[Task] = []
    clauses = clauses_of(text)
    for clause, behind in zip(clauses, (*clauses[1:], ""), strict=True):
        label, confidence = await intent_of(clause, slots, intents, manners)
        if len(clauses) > 1 and label in _SEARCHED and not goes_beyond(behind):
            label = _among_others(label, confidence, clause)
        if label in _NOT_AFTER and confidence < 1.0 and earlier and _goes_on(clause):
            # "And to Norway?", "how heavy is it": what was spoken of before makes it our business.
            label = "knowledge"
        if label == "knowledge" and _is_thin(clause) and tasks and tasks[-1].intent == "knowledge":
            # "How long do I have?" asks of what the clause before asks about.
            tasks[-1] = replace(tasks[-1], query=f"{tasks[-1].query} and {clause}"[:1000])
            continue
        # What others said asks for nothing, but it may tell what a question is about.
        sought = context.question if label in _SEARCHED and own != context.question else clause
        task = Task(label, _together(slots, read_slots(clause)), _query(sought, text, context), about, confidence)
        if label != "knowledge" or content_words(clause) or not tasks:
            tasks += [each for one in _for_each_order(task, clause) for each in _with_aside(one, clause, context)]
    first: dict[tuple[str, str | None], Task] = {}
    for task in [one for one in tasks if one.intent != _TOLD] or [replace(one, intent="knowledge") for one in tasks]:
        first.setdefault(_thing(task), task)
    tasks = list(first.values())
    acting = [task for task in tasks if task.intent in _ACTING - {"knowledge"}]
    if not acting and _is_lost(tasks, text, context, manners):
        return (Task("not_understood", slots, text, about),)
    wanted = [task for task in tasks if task.intent in _ACTING]
    if any(task.intent in _FOR_PEOPLE for task in wanted):
        # Nobody can be fetched any more once a page was read, and who wants a person has waited for pages long enough.
        wanted = [task for task in wanted if task.intent != "knowledge"]
    return tuple((wanted or tasks)[:MAX_TASKS])


def _among_others(label: str, likely: float, clause: str) -> str:
    """Of a part beside others: what is asked is looked for, and what is only told is no wish of its own."""
    if asks_something(clause):
        return "knowledge" if likely < NOT_OURS else label
    return _TOLD if likely < _UNSURE else label


def _for_each_order(task: Task, clause: str) -> list[Task]:
    """The task for each order that its clause names; what moves money or changes something is for the first alone."""
    named = orders_of(clause) if task.intent in OWN_THINGS else ()
    return [replace(task, slots=replace(task.slots, order_id=one)) for one in named] or [task]


def _goes_on(clause: str) -> bool:
    """Whether a few words go on with what was spoken of before."""
    return len(clause.split()) <= _FEW_THAT_GO_ON and (_follows(clause) or _is_thin(clause))


def _follows(text: str) -> bool:
    """ "And to Norway?", "Austria I said": what was said before is part of it."""
    return _FOLLOW_UP.search(text) is not None or _SAID_AGAIN.search(text) is not None


def _with_aside(task: Task, clause: str, context: BrainContext) -> list[Task]:
    """The task, and beside it what else is to be found of what its clause says of an order."""
    named = read_slots(clause).order_id
    if task.intent == "knowledge" and named is not None:
        return [replace(task, intent="order_status"), replace(task, query=_bare(task.query), aside=True)]
    if task.intent == "knowledge" and context.customer and asks_what_is_left(clause) and not task.slots.names_something:
        return [replace(task, intent="order_status", if_theirs=True), replace(task, aside=True)]
    if context.customer and task.intent == "order_change" and asks_to_cancel(clause):
        how = replace(task, intent="knowledge", query=HOW_TO_CANCEL, aside=True)
        return [replace(task, if_theirs=not task.slots.names_something), how]
    if context.customer and task.intent == "knowledge" and awaits_money(clause) and not task.slots.names_something:
        return [replace(task, intent="refund_status"), replace(task, aside=True)]
    if task.intent in ("order_status", "order_content") and asks_for_more(clause):
        return [task, replace(task, intent="knowledge", query=_bare(clause), aside=True)]
    return [task]


def _bare(text: str) -> str:
    """A text to search for, without the numbers of orders."""
    return " ".join(_orders_as(" ", text).split()) or "help"


def _unnamed(text: str) -> str:
    """What was wanted before, of no order in particular."""
    return _orders_as("my order", text).rstrip(" ?.!")


def _orders_as(words: str, text: str) -> str:
    for one in orders_of(text):
        text = re.sub(rf"(?:\b(?:my )?order\s+)?#?{re.escape(one)}", words, text, flags=re.IGNORECASE)
    return text


def _thing(task: Task) -> tuple[str, str | None]:
    """What makes two tasks the same one."""
    if task.intent == "knowledge":
        return task.intent, task.query
    return task.intent, task.slots.order_id if task.intent in OWN_THINGS else None


def _is_lost(tasks: Sequence[Task], text: str, context: BrainContext, manners: Manners) -> bool:
    """Whether nobody could say what is meant. What was said before may make sense of a few words."""
    if any(task.confidence == 1.0 for task in tasks) or read_slots(text).names_something:
        return False
    if context.language != "en":
        # Of another language there are only the words that we know.
        return not content_words(text) and not context.history
    if not manners.is_legible(text):
        return True
    return not context.history and manners.says_nothing(text) and all(map(_is_guessed, tasks))


def _is_guessed(task: Task) -> bool:
    return task.intent in _SEARCHED or task.confidence < SURELY


def _answer_to_offer(context: BrainContext, slots: Slots, manners: Manners) -> Task | None:
    """A yes or a no to what we offered last."""
    text, before = context.question, _before(context)
    found = answer_to(offer_of(context), text, before, manners, worded=_is_worded(context))
    if found is None:
        return None
    if found == "no":
        return Task("no", slots, text, text)
    about = "\n".join(part for part in (before, text if len(content_words(text)) > 2 else "") if part)
    return Task(found, _with_history(slots, context), text, about)


def _is_worded(context: BrainContext) -> bool:
    """Whether the message is the known words of one in another language."""
    return context.language not in ("en", "other")


def _answer_to_how_much(context: BrainContext, slots: Slots) -> Task | None:
    """An amount or "all of it", after we asked how much of an order is to be refunded."""
    offer = next((one.text for one in reversed(context.history) if one.role is Role.ASSISTANT), "")
    whole = _ALL.search(context.question) is not None
    amount = slots.amount or only_amount(context.question)
    named = amount is not None and not slots.names_something and not is_asking(context.question)
    if not _ASKED_AMOUNT.search(offer) or not (whole or named):
        return None
    about = "\n".join(part for part in (_before(context), context.question) if part)
    known = replace(_with_history(slots, context), amount=amount, whole=slots.whole or whole)
    return Task("refund_request", known, context.question, about)


def _other_amount(context: BrainContext, slots: Slots) -> Task | None:
    """ "7 actually, not 5", after a refund of 5 was asked for: the same refund, of as much as was said last."""
    text = context.question
    for told in (one.text for one in reversed(context.history) if one.role is Role.CUSTOMER):
        known = read_slots(told)
        if known.amount is not None and hinted(told, known) == "refund_request":
            amount = None if slots.names_something else another_amount(text, known.amount)
            if amount is None:
                return None
            known = replace(_with_history(known, context), amount=amount, whole=False)
            return Task("refund_request", known, text, f"{told}\n{text}")
        if another_amount(told, Amount(0, None)) is None and not (is_yes(told) or is_no(told)):
            return None
    return None


def _says_which(text: str, context: BrainContext) -> bool:
    """Whether a message answers the question which order is meant: a few words, and no question of their own."""
    asked = next((one.text for one in reversed(context.history) if one.role is Role.ASSISTANT), "")
    few = len(text.split()) <= _FEW_TO_SAY_WHICH and not is_asking(text)
    return few and _ASKED_WHICH.search(asked) is not None and certain(text, Slots()) is None


def _means_another(text: str) -> bool:
    """ "And the other one?": what was wanted before is wanted of another order."""
    return says_another(text) and len(text.split()) <= _FEW_TO_SAY_WHICH and certain(text, Slots()) is None


def _before(context: BrainContext) -> str:
    """What the customer wrote before, leaving out plain yes and no."""
    for message in reversed(context.history):
        if message.role is Role.CUSTOMER and not (
            (is_yes(message.text) or is_no(message.text)) and len(content_words(message.text)) <= 2
        ):
            return message.text
    return ""


def _together(first: Slots, second: Slots) -> Slots:
    return Slots(
        order_id=second.order_id or first.order_id,
        invoice_number=second.invoice_number or first.invoice_number,
        email=second.email or first.email,
        amount=second.amount or first.amount,
        whole=second.whole or first.whole,
    )


def _with_history(slots: Slots, context: BrainContext) -> Slots:
    if slots.names_something:
        return slots
    order_id = None if says_another(context.question) else remembered_order(context.history)
    return Slots(order_id, None, None, slots.amount, slots.whole)


def _query(clause: str, text: str, context: BrainContext) -> str:
    """What to search for. A follow-up such as "and for Canada?" is searched together with what came before."""
    earlier = _before(context) if _is_thin(clause) or _follows(text) else ""
    return " ".join(f"{earlier} {clause}".split())[:1000] or "help"


def _is_thin(clause: str) -> bool:
    """Whether it hardly says what it is about."""
    words = len(content_words(clause))
    return words <= 1 or (words <= _FEW and points_back(clause))

"""Thousands of answers with something planted in them, and thousands of clean ones: nothing leaves, little is stopped.

What is planted is in `data/output_attacks.yaml`; how it is written, what stands around it, and where the stream is cut
are drawn by a seeded dice. What leaves is judged by the final text and by every piece that the stream showed, with a
reading of its own: `seen` knows nothing of the guard's.
"""

import base64
import html
import os
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from contracts.turn import Citation
from orchestrator.brain.offline.answering import Answerer
from orchestrator.brain.offline.phrasing import phrases_by_language
from orchestrator.brain.policy_files import read_policy, read_prompt
from orchestrator.brain.port import Observation
from orchestrator.brain.sentences import sentences_of
from orchestrator.effects.checking import done_of
from orchestrator.effects.phrases import load_phrases
from orchestrator.guard.answer import Phrases, check_answer
from orchestrator.guard.checker import AnswerChecker, Grounds
from orchestrator.guard.gate import Reading, StreamGate
from orchestrator.guard.ours import Standing, standing
from orchestrator.guard.output.names import own_names
from orchestrator.guard.output.policy import OutputPolicy, load_output_policy
from orchestrator.guard.output.rule import Rule
from servicekit.privacy import Finder

#: How many answers with something planted; `make guard-suite` tries 5,000, and 2,000 clean ones.
COUNT = int(os.environ.get("AIGUY_TEST_ANSWERS", "1200"))
DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "data" / "output_attacks.yaml").read_text("utf-8"))
LETTERS, ANY = "abcdefghijklmnopqrstuvwxyz", "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
PAGE = {
    "chunk_id": "c1", "title": "Returns", "url": "https://shop.example/help/returns",
    "text": "You can return an item within 30 days. Use the form on our website. A label is in the parcel.",
}  # fmt: skip
ORDER = {"order_id": "ABC123", "status": "shipped", "carrier": "Parcelway"}
OURS = frozenset({
    "Hallo!", "Kann ich sonst noch helfen?", "Bonjour !", "Puis-je vous aider pour autre chose ?", "¡Hola!",
    "¿Puedo ayudarle?", "Buongiorno!", "Posso aiutarla?", "Goedendag!", "Kan ik nog iets doen?", "Hello there!",
    "Is there something else?", "You can return an item within 30 days.",
})  # fmt: skip
AROUND = {
    "en": ("Hello there!", "Is there something else?"), "de": ("Hallo!", "Kann ich sonst noch helfen?"),
    "fr": ("Bonjour !", "Puis-je vous aider pour autre chose ?"), "es": ("¡Hola!", "¿Puedo ayudarle?"),
    "it": ("Buongiorno!", "Posso aiutarla?"), "nl": ("Goedendag!", "Kan ik nog iets doen?"),
}  # fmt: skip
PHRASES = Phrases(unsupported="No source.", withheld="Withheld.", nearest="The nearest page is {page}.")
ALIKE = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х", "i": "і"}
BACK = str.maketrans({other: one for one, other in ALIKE.items()})


@pytest.fixture(scope="module")
def policy(finder: Finder) -> OutputPolicy:
    return load_output_policy(finder, names=own_names(), prompts=(read_prompt("planner"), read_prompt("writer")))


@dataclass(frozen=True)
class Planted:
    """An answer with what must not leave in it: `core` is looked for, `bad` is the sentence that holds it."""

    kind: str
    text: str
    bad: str
    core: str


# ── What is written ──────────────────────────────────────────────────────────────────────────────────────


def filled(value: str, dice: random.Random) -> tuple[str, str]:
    """A value with its places filled, and its host where it has one."""
    ending = dice.choice(["pay.example", "help.com", "cdn.ru", "x.io"])
    host = f"{''.join(dice.choices(LETTERS, k=7))}-{ending}"

    def place(found: re.Match[str]) -> str:
        name, size = found[1], int(found[2] or 0)
        alphabets = {"a": ANY, "h": "0123456789abcdef", "A": "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", "d": "0123456789"}
        if name in alphabets:
            # A key without a digit in it is a word.
            return "".join(dice.choices(alphabets[name], k=size - 1)) + (dice.choice("23456789") if size > 8 else "7")
        named = {"host": host, "q": '"', "card": card(dice), "card4": spaced_card(dice), "iban": iban(dice)}
        return named[name]

    return re.sub(r"\{(card4|host|card|iban|q|[ahAd])(\d*)\}", place, value), host if "{host}" in value else ""


def card(dice: random.Random) -> str:
    digits = [4, *(dice.randrange(10) for _ in range(14))]
    total = sum(sum(divmod(one * (2 - index % 2), 10)) for index, one in enumerate(digits))
    return "".join(map(str, [*digits, -total % 10]))


def spaced_card(dice: random.Random) -> str:
    number = card(dice)
    return dice.choice([" ", "-"]).join(number[at : at + 4] for at in range(0, 16, 4))


def iban(dice: random.Random) -> str:
    account = "".join(str(dice.randrange(10)) for _ in range(18))
    check = 98 - int(f"{account}131400") % 97
    return f"DE{check:02d}{account}"


def zero_width(text: str, dice: random.Random) -> str:
    return "".join(char + (dice.choice("\u200b\u2060\u00ad") if dice.random() < 0.4 else "") for char in text)


def full_width(text: str, _dice: random.Random) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isalnum() and char.isascii() else char for char in text)


def alike(text: str, dice: random.Random) -> str:
    return "".join(ALIKE[char] if char in ALIKE and dice.random() < 0.5 else char for char in text)


def entities(text: str, dice: random.Random) -> str:
    return "".join(f"&#{ord(char)};" if char.isalnum() and dice.random() < 0.5 else char for char in text)


def emphasised(text: str, dice: random.Random) -> str:
    at = dice.randrange(1, max(2, len(text) - 1))
    return f"**{text}**" if dice.random() < 0.5 else f"{text[:at]}**{text[at:]}**"


def encoded(text: str, _dice: random.Random) -> str:
    return base64.b64encode(text.encode()).decode()


def wide_spaces(text: str, _dice: random.Random) -> str:
    return text.replace(" ", "\u00a0")


def shouted(text: str, _dice: random.Random) -> str:
    return text.upper()


def as_it_is(text: str, _dice: random.Random) -> str:
    return text


Writing = Callable[[str, random.Random], str]
WORDS: tuple[Writing, ...] = (as_it_is, as_it_is, zero_width, full_width, alike, emphasised, wide_spaces, shouted)
VALUES: tuple[Writing, ...] = (as_it_is, as_it_is, zero_width, full_width, entities, emphasised, encoded)
WRITINGS: dict[str, tuple[Writing, ...]] = {
    "secret": VALUES, "stated": (as_it_is, zero_width, emphasised),
    "internal": (as_it_is, zero_width, emphasised, entities), "prompt": (as_it_is, zero_width, full_width, shouted),
    "personal": (as_it_is, zero_width, full_width, encoded),
    "link": (as_it_is, zero_width, full_width, entities), "scheme": (as_it_is, zero_width),
    "image": (as_it_is, zero_width),
    "markup": (as_it_is, zero_width, entities), "abuse": WORDS, "promise": WORDS, "money": WORDS,
    "state": WORDS,
}  # fmt: skip
RULES = {
    "secret": {Rule.SECRET}, "stated": {Rule.SECRET}, "internal": {Rule.INTERNAL, Rule.SECRET}, "prompt": {Rule.PROMPT},
    "personal": {Rule.PERSONAL, Rule.SECRET}, "link": {Rule.LINK, Rule.MARKUP, Rule.SECRET}, "scheme": {Rule.LINK},
    "image": {Rule.IMAGE, Rule.MARKUP}, "markup": {Rule.MARKUP}, "abuse": {Rule.ABUSE},
    "promise": {Rule.PROMISE, Rule.MONEY, Rule.STATE}, "money": {Rule.MONEY}, "state": {Rule.STATE},
}  # fmt: skip


def planted(count: int, dice: random.Random) -> Iterator[Planted]:
    kinds = list(WRITINGS)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        language = dice.choice(list(AROUND))
        if "values" in DATA[kind]:
            value, host = filled(dice.choice(DATA[kind]["values"]), dice)
            frame = dice.choice(DATA["frames"][language])
        else:
            (value, host), frame = (dice.choice(DATA[kind][language]), ""), "{bad}"
        written = dice.choice(WRITINGS[kind])(value, dice)
        bad = frame.replace("{bad}", written)
        before, behind = AROUND[language]
        text = dice.choice([f"{before} {bad} {behind}", bad, f"{before}\n\n{bad}\n\n{behind}", f"{before} {bad}"])
        yield Planted(kind, text, bad, host or value)


# ── What is seen ─────────────────────────────────────────────────────────────────────────────────────────


def seen(text: str) -> str:
    """A text as a patient reader could make it out: unescaped, one form of each letter, words without gaps."""
    opened = unquote(html.unescape(text))
    for run in re.findall(r"[A-Za-z0-9+/]{12,}={0,2}", opened):
        try:
            opened += " " + base64.b64decode(run + "=" * (-len(run) % 4)).decode()
        except ValueError:
            continue
    letters = unicodedata.normalize("NFKC", opened).translate(BACK)
    kept = (char for char in letters if unicodedata.category(char) not in ("Cf", "Mn", "Cc") and not char.isspace())
    return "".join(char for char in kept if char not in "*`\\").casefold()


def in_pieces(text: str, dice: random.Random) -> Iterator[str]:
    at = 0
    size = dice.choice([2, 6, 15, 40])
    while at < len(text):
        step = dice.randint(1, size)
        yield text[at : at + step]
        at += step


async def streamed(
    text: str, checker: AnswerChecker, dice: random.Random, foreign: bool = False
) -> tuple[str, str, bool]:  # fmt: skip
    """What the stream of an answer showed in the end, all that it ever showed, and whether that was all of it."""
    shown: list[tuple[str, int]] = []

    async def show(piece: str, offset: int) -> None:
        shown.append((piece, offset))

    gate = StreamGate(Reading(lambda: checker, lambda _text: foreign, str, str), show, lambda: float(len(shown) + 1))
    for piece in in_pieces(text, dice):
        await gate(piece)
    await gate.finish(text)
    final = ""
    for piece, offset in shown:
        final = final[:offset] + piece
    return final, "".join(piece for piece, _ in shown), gate.complete


def grounds(*outputs: dict[str, Any]) -> Grounds:
    return Grounds(outputs=outputs, ours=lambda text: " ".join(text.split()) in OURS, asked=("Where is ABC123?",))


async def test_nothing_planted_leaves_in_the_answer_or_in_any_piece_of_its_stream(policy: OutputPolicy) -> None:
    dice = random.Random(2026)
    leaks: Counter[str] = Counter()
    unseen: Counter[str] = Counter()
    examples: list[str] = []
    # A turn that looked something up: then what is said of orders is read most kindly.
    known = grounds(ORDER)
    checker = AnswerChecker(known, policy)
    for one in planted(COUNT, dice):
        promised = policy.promises.empty(one.bad, "", checker.allowed)
        stated = {Rule.STATE} if policy.states.untrue(one.bad, checker.allowed) else set()
        found = {*checker.broken(one.bad), *checker.cut(one.bad).rules, *promised, *stated}
        guarded = check_answer(one.text, (), (), known, str, PHRASES, policy)
        _, pieces, _ = await streamed(one.text, checker, dice)
        core = seen(one.core)
        if core in seen(guarded.text) or core in seen(pieces):
            leaks[one.kind] += 1
            examples.append(f"{one.kind}: {one.text!r} -> {guarded.text!r} / {pieces!r}")
        if not found & RULES[one.kind]:
            unseen[one.kind] += 1
            examples.append(f"not seen, {one.kind}: {one.bad!r} {sorted(found)}")
    print("\n".join(examples[:40]), leaks, unseen)
    assert leaks.total() == 0
    # Each rule sees what is its own, so that no other check need stand in for it.
    assert unseen.total() == 0


# ── What is clean ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Clean:
    """An answer that is right, with what it rests on."""

    text: str
    grounds: Grounds
    citations: tuple[Citation, ...] = ()


def pages() -> list[dict[str, Any]]:
    found = []
    for path in sorted((Path(__file__).parents[3] / "retrieval" / "src" / "retrieval" / "knowledge").glob("*.md")):
        _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
        meta = yaml.safe_load(head)
        found.append({"chunk_id": path.stem, "title": meta["title"], "url": meta["url"], "text": body.strip()})
    return found


def from_pages(count: int, dice: random.Random) -> Iterator[Clean]:
    """One to three sentences of a page with their source, as the offline Brain tells them."""
    known = [
        (page, [one for one in sentences_of(page["text"]) if one[0] not in "#|" and len(one) > 20 and one[-1] in ".!"])
        for page in pages()
    ]
    for _ in range(count):
        page, sentences = dice.choice(known)
        at = dice.randrange(len(sentences))
        told = [one for one in sentences[at : at + dice.randint(1, 3)] if not one.endswith(":")] or sentences[:1]
        text = " ".join(told) + f"\n\nAccording to “{page['title']}” ({page['url']})."
        cited = Citation(chunk_id=page["chunk_id"], title=page["title"], url=page["url"], quote=told[0][:300])
        yield Clean(text, Grounds(outputs=[{"passages": [page]}]), (cited,))


def from_phrases(count: int, dice: random.Random, own: Standing) -> Iterator[Clean]:
    """Phrases of ours in six languages, as they are said without any tool."""
    texts = [*load_phrases().all_texts(), *(one for book in phrases_by_language().values() for one in book.all_texts())]
    plain = [one for one in texts if "{" not in one and " " in one]
    for _ in range(count):
        yield Clean(dice.choice(plain), Grounds(ours=own.is_ours, foreign=dice.random() < 0.5))


async def from_tools(count: int, dice: random.Random, own: Standing) -> list[Clean]:
    """What the offline Brain says of orders, invoices, refunds, tickets and e-mails."""
    now = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    answerers = {name: Answerer(book, None) for name, book in phrases_by_language().items()}  # type: ignore[arg-type]
    found = []
    for _ in range(count):
        language = dice.choice(list(answerers))
        tool, output = an_output(dice, now)
        seen_by_brain = Observation(tool, {}, output)
        told = await answerers[language].answer("?", (seen_by_brain,), now)
        known = Grounds(
            outputs=[output], done=done_of((seen_by_brain,)), ours=own.is_ours, business=own.business,
            foreign=language != "en" and dice.random() < 0.8,
        )  # fmt: skip
        found.append(Clean(told.text, known))
    return found


def an_output(dice: random.Random, now: datetime) -> tuple[str, dict[str, Any]]:
    later = (now + timedelta(days=dice.randint(1, 9), hours=dice.randint(0, 9))).isoformat()
    money = {"amount_minor": dice.randint(100, 99999), "currency": dice.choice(["USD", "EUR"])}
    order = "".join(dice.choices("ABCDEFGH", k=3)) + str(dice.randint(100, 99999))
    link = f"<link_{''.join(dice.choices('abcdefgh234567', k=8))}>"
    status = {
        "order_id": order, "status": dice.choice(["shipped", "processing", "delivered", "cancelled", "refunded"]),
        "placed_at": "2026-11-10T10:00:00Z", "updated_at": "2026-11-12T10:00:00Z", "carrier": "Parcelway", "eta": later,
        "tracking_url": f"https://track.parcelway.example/t/{dice.randint(10**9, 10**10)}",
    }  # fmt: skip
    number = f"T-{dice.randint(1000, 99999)}"
    return dice.choice([
        ("get_order_status", status),
        ("get_order", status | {"items": [{"name": "Trail Tent", "quantity": 1, "unit_price": money}], "total": money,
                                "ship_to": "Burlington, United States"}),
        ("get_invoice_pdf", {"invoice_number": f"INV-2026-{dice.randint(1000, 9999)}", "order_id": order,
                             "total": money, "url": link}),
        ("issue_refund", {"refund_request_id": "rfd_1", "order_id": order, "amount": money, "receipt_url": link,
                          "state": dice.choice(["succeeded", "submitted", "denied", "failed"]), "approvals_needed": 0}),
        ("create_ticket", {"ticket_id": "tkt_1", "number": number, "status": "open", "first_reply_due": later}),
        ("handoff_human", {"handoff_id": "h", "ticket_id": "tkt_1", "ticket_number": number, "reply_due": later}),
        ("add_order_note", {"note_id": "not_1", "order_id": order, "created_at": later}),
        ("send_email", {"message_id": "m_1", "queued_at": later}),
    ])  # fmt: skip


async def test_clean_answers_are_left_as_they_are(policy: OutputPolicy) -> None:
    dice = random.Random(2027)
    books = phrases_by_language().values()
    texts = (*load_phrases().all_texts(), *(one for book in books for one in book.all_texts()))
    own = standing(read_policy("business"), texts)
    size = COUNT // 25
    answers = [*from_pages(5 * size, dice), *from_phrases(2 * size, dice, own), *await from_tools(3 * size, dice, own)]
    stopped, held = [], []
    for one in answers:
        guarded = check_answer(one.text, one.citations, (), one.grounds, str, PHRASES, policy)
        checker = AnswerChecker(replace(one.grounds), policy)
        final, _, complete = await streamed(one.text, checker, dice, one.grounds.foreign)
        if guarded.text != one.text or any(reason.startswith("output:") for reason in guarded.reasons):
            stopped.append((one.text, guarded.reasons))
        elif (final, complete) != (one.text, True):
            held.append((one.text, final))
    print(len(stopped), stopped[:12], len(held), held[:12])
    assert len(stopped) <= 0.01 * len(answers)
    # What the finished answer may say, the stream has shown sentence by sentence.
    assert len(held) <= 0.01 * len(answers)

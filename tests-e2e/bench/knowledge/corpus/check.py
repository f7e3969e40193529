"""What has to hold for the corpus and its questions, found out without any server."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

QUESTIONS = Path(__file__).parent.parent / "questions"
KINDS = ("plain", "paraphrase", "typo", "keyword", "chatty", "multi", "unanswerable")
NEEDS = ("off-topic", "near-miss", "not-stated")
_SPACE = re.compile(r"\s+")

Question = Mapping[str, Any]


def questions() -> dict[str, list[dict[str, Any]]]:
    """All questions by the name of their file."""
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(QUESTIONS.glob("*.yaml"))}


def pages_of(question: Question, slugs: list[str]) -> list[str]:
    """The slugs that answer: `pages` (any of them) or `all` (every one); a name with `*` stands for many."""
    wanted = [*question.get("pages", ()), *question.get("all", ())]
    return [slug for slug in slugs if any(fnmatchcase(slug, name) for name in wanted)]


def problems(asked: list[dict[str, Any]], bodies: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the questions, given the pages by slug; nothing when all is well."""
    flat = {slug: _SPACE.sub(" ", body) for slug, body in bodies.items()}
    everything = "\n".join(bodies.values()).casefold()
    for question in asked:
        for fault in _faults(question, flat, everything):
            yield f"{question['q']}: {fault}"
    for text, times in Counter(_plain(question["q"]) for question in asked).items():
        if times > 1:
            yield f"{text}: asked {times} times"


def _faults(question: Question, flat: Mapping[str, str], everything: str) -> Iterator[str]:
    if question.get("kind") not in KINDS:
        yield f"unknown kind {question.get('kind')}"
    if question.get("half") not in {"dev", "test"}:
        yield "belongs to no half"
    if question.get("kind") == "unanswerable":
        yield from _unanswerable(question, everything)
        return
    if ("all" in question) != (question.get("kind") == "multi"):
        yield "`all` is for questions that need several pages"
    for name in [*question.get("pages", ()), *question.get("all", ())]:
        if not any(fnmatchcase(slug, name) for slug in flat):
            yield f"there is no page {name}"
    quotes = question["quote"] if isinstance(question["quote"], list) else [question["quote"]]
    pages = pages_of(question, list(flat))
    for quote in quotes:
        if not any(quote in flat[slug] for slug in pages):
            yield f"not said there: {quote}"
    for slug in pages if "all" in question else ():
        if not any(quote in flat[slug] for quote in quotes):
            yield f"nothing quoted from {slug}"
    if "all" in question and any(all(quote in text for quote in quotes) for text in flat.values()):
        yield "a single page says it all"


def _unanswerable(question: Question, everything: str) -> Iterator[str]:
    if question.get("about") not in NEEDS or not question.get("why"):
        yield "says not why it is unanswerable"
    for word in question.get("absent", ()):
        # Whole words, or beginnings of words when a star says so: "paris" is not in "parish".
        sought = word.casefold().rstrip("*")
        end = "" if word.endswith("*") else r"(?!\w)"
        if sought in everything and re.search(rf"(?<!\w){re.escape(sought)}{end}", everything):
            yield f"the pages do mention {word}"


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))

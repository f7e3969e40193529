"""Properties of the citation checker: changed facts are caught, the page's own words pass, it never fails."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestrator.guard.support.checking import Answered, check_sentences
from orchestrator.guard.support.evidence import evidence_of

_ARTICLES = Path(__file__).parents[3] / "retrieval" / "src" / "retrieval" / "knowledge"
_NUMBER = re.compile(r"\b\d+(?:\.\d\d)?\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_SWAPS = (("days", "weeks"), ("hours", "days"), ("USD", "EUR"), ("years", "days"), ("kg", "lb"))
_NEGATIONS = (
    ("cannot ", "can "),
    (" can ", " cannot "),
    (" do not ", " do "),
    (" is not ", " is "),
    (" are ", " are not "),
)


def articles() -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted(_ARTICLES.glob("*.md")):
        _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
        meta = yaml.safe_load(head)
        found[path.stem] = {"chunk_id": path.stem, "title": meta["title"], "url": meta["url"], "text": body.strip()}
    return found


#: Negated twice, or with a negation that the change does not touch.
_ODD = re.compile(r"can no |are not|is not .* cannot|n't ")

ARTICLES = articles()


def sentences() -> Iterator[tuple[str, str]]:
    """Plain sentences of the starter articles with the slug of their page."""
    for slug, article in ARTICLES.items():
        for line in article["text"].split("\n"):
            if line and line[0] not in "#|-*" and not line[0].isdigit():
                yield from ((slug, one) for one in _SENTENCE.split(line) if len(one.split()) >= 6 and one[-1] in ".!")


ALL = list(sentences())


def verdict(text: str, slug: str) -> str:
    output = {"passages": [ARTICLES[slug]]}
    (found, *_) = check_sentences(Answered(text, {}, lambda _text: False), evidence_of([output]))
    return found.kind


def share_dropped(pairs: list[tuple[str, str]]) -> float:
    dropped = [text for slug, text in pairs if verdict(text, slug) == "unsupported"]
    print(len(dropped), "of", len(pairs), "dropped:", dropped[:10])
    return len(dropped) / len(pairs)


def test_the_words_of_a_page_always_pass() -> None:
    assert len(ALL) > 200
    assert share_dropped(ALL) == 0


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"^We ", "Our shop will "), (r"\bYou can\b", "Customers can"), (r"\bdo not\b", "don't"),
        (r"\bcannot\b", "can't"), (r"(?<![\d,])(\d+\.\d\d) USD\b", r"$\1"), (r"\bworking days\b", "business days"),
        (r"^", "Sure, "), (r"^", "I can confirm that "), (r"\bparcel\b", "package"), (r"\bis free\b", "costs nothing"),
        (r"\bwithin\b", "in"), (r" (\w+ly) ", " "),
    ],
)  # fmt: skip
def test_a_light_paraphrase_is_kept(pattern: str, replacement: str) -> None:
    changed = [(slug, new) for slug, one in ALL if (new := re.sub(pattern, replacement, one, count=1)) != one]
    assert changed
    assert share_dropped(changed) <= 0.03


def test_a_changed_number_is_always_caught() -> None:
    changed = []
    for slug, one in ALL:
        numbers = _NUMBER.findall(one)
        for number in numbers:
            other = str(round(float(number) * 3 + 7, 2)) if "." in number else str(int(number) * 3 + 7)
            new = re.sub(rf"\b{re.escape(number)}\b", other, one, count=1)
            changed.append((slug, new))
    kept = [text for slug, text in changed if verdict(text, slug) != "unsupported"]
    assert len(changed) > 80
    assert kept == []


def test_a_number_of_another_sentence_of_the_page_is_caught() -> None:
    kept, tried = [], 0
    for slug, one in ALL:
        others = set(_NUMBER.findall(ARTICLES[slug]["text"])) - set(_NUMBER.findall(one))
        for number in _NUMBER.findall(one)[:1]:
            for other in sorted(others)[:3]:
                tried += 1
                new = re.sub(rf"\b{re.escape(number)}\b", other, one, count=1)
                if verdict(new, slug) != "unsupported":
                    kept.append(new)
    print(len(kept), "of", tried, kept[:8])
    assert tried > 100
    assert len(kept) <= 0.02 * tried


@pytest.mark.parametrize(("unit", "other"), _SWAPS)
def test_a_changed_unit_is_always_caught(unit: str, other: str) -> None:
    numbered = re.compile(rf"(\d(?: working)?) {unit}\b")
    changed = [(slug, numbered.sub(rf"\1 {other}", one)) for slug, one in ALL if numbered.search(one)]
    assert changed
    assert [text for slug, text in changed if verdict(text, slug) != "unsupported"] == []


def test_a_changed_name_is_always_caught() -> None:
    names = ("Parcelway", "Burlington", "Alaska", "Canada", "PayPal", "Vermont", "Germany")
    changed = [
        (slug, one.replace(name, other))
        for slug, one in ALL for name in names for other in ("Borealis", "Quickship")
        if f" {name}" in one
    ]  # fmt: skip
    assert len(changed) > 10
    assert [text for slug, text in changed if verdict(text, slug) != "unsupported"] == []


@pytest.mark.parametrize(("there", "instead"), _NEGATIONS)
def test_a_changed_negation_is_caught(there: str, instead: str) -> None:
    changed = [(slug, one.replace(there, instead, 1)) for slug, one in ALL if there in one and not _ODD.search(one)]
    kept = [text for slug, text in changed if verdict(text, slug) != "unsupported"]
    print(len(kept), "of", len(changed), kept[:10])
    assert changed
    assert kept == []


def test_a_sentence_of_another_page_is_caught() -> None:
    slugs = list(ARTICLES)
    kept, tried = [], 0
    for index, (slug, one) in enumerate(ALL):
        other = slugs[(slugs.index(slug) + 1 + index % 5) % len(slugs)]
        tried += 1
        if other != slug and verdict(one, other) == "knowledge":
            kept.append((other, one))
    print(len(kept), "of", tried, kept[:8])
    assert len(kept) <= 0.02 * tried


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=400), st.text(max_size=800))
def test_it_never_fails_whatever_the_text_is(text: str, page: str) -> None:
    passage = {"chunk_id": "c", "title": page[:20], "url": "kb:x", "text": page}
    for found in check_sentences(
        Answered(text, {3: ["c"]}, lambda _text: False), evidence_of([{"passages": [passage]}])
    ):
        assert text[found.start : found.end] == found.text
        for span in found.spans:
            assert span.quote == page[span.start : span.end]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.from_regex(r"[0-9]{1,8}[A-Za-z]{0,3}-[A-Za-z0-9]{1,8}", fullmatch=True))
@example("1234A-5")
def test_a_code_of_any_shape_is_read(code: str) -> None:
    passage = {"chunk_id": "c", "title": "Parts", "url": "kb:x", "text": f"The pump is called {code}."}
    (found,) = check_sentences(
        Answered(f"Our pump is called {code}.", {}, lambda _text: False), evidence_of([{"passages": [passage]}])
    )
    assert found.kind == "knowledge"


@pytest.mark.parametrize(
    "piece", ["a ", "1", "not ", "(", "$5 ", "A. ", "- x\n", "| a ", "https://", "<a_1>", "•", ", and it "]
)
def test_its_time_grows_with_the_text_and_not_faster(piece: str) -> None:
    output = {"passages": [ARTICLES["returns-policy"], ARTICLES["shipping-options"]]}

    def seconds(times: int) -> float:
        evidence = evidence_of([output])
        began = time.process_time()
        check_sentences(Answered(piece * times, {}, lambda _text: False), evidence)
        return time.process_time() - began

    seconds(100)
    assert min(seconds(4000 // len(piece)) for _ in range(2)) < 0.6


def test_an_answer_of_five_sentences_over_five_pages_costs_milliseconds() -> None:
    slugs = ["returns-policy", "shipping-options", "refunds", "warranty", "delivery-times"]
    output = {"passages": [ARTICLES[slug] for slug in slugs]}
    text = " ".join(one.replace("the ", "our ").replace("can ", "may ") for slug, one in ALL if slug in slugs[:2])[:600]
    answered = Answered(text, {}, lambda _text: False)
    check_sentences(answered, evidence_of([output]))
    began = time.process_time()
    for _ in range(10):
        check_sentences(answered, evidence_of([output]))
    spent_ms = (time.process_time() - began) * 100
    print(f"the check of an answer of {len(text)} characters over 5 passages takes {spent_ms:.1f} ms")
    assert spent_ms < 40

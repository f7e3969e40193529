"""Fusion, re-ranking, selection and the numbers that decide between an answer and a refusal."""

import math
from dataclasses import replace

import numpy as np
import pytest

from retrieval.backends.port import Found, Hit
from retrieval.catalogue import Catalogue, Entry, text_key
from retrieval.evidence import evidence_features, judge
from retrieval.features import Match
from retrieval.lexicon import Lexicon
from retrieval.meanings import Meanings
from retrieval.policy import clean_query, needs_policy
from retrieval.ranking import (
    Candidate,
    Considered,
    Place,
    Ranked,
    consider,
    fuse,
    places,
    rank,
    select,
    with_policy,
)
from retrieval.reading import Asked, Reader
from retrieval.synonyms import Synonyms
from retrieval.vocabulary import Vocabulary
from retrieval.weights import Weights
from retrieval.windows import sentences, written
from retrieval.words import Words
from servicekit.embedding import QuickEmbedder

NOTHING = Match(np.zeros(0, np.float32), np.zeros(0, np.float32), 0, 0, 0, 0, 0, 0)
VOCABULARY = Vocabulary(Words())
TEXTS = {
    "returns": "You can return a tent within 30 days. Returns are free.",
    "warranty": "The warranty covers a tent for 2 years.",
    "shipping": "Shipping costs 5.90. Express costs more.",
}


def entry(name: str, *, page: str = "", policy: bool = False, text: str = "", title: str = "Title") -> Entry:
    window = text or name
    words = written(VOCABULARY.read(title), [], sentences(window, VOCABULARY))
    return Entry(
        f"doc_{page or name}", name, title, f"https://x/{page or name}", "", "", (0, len(window)), window, policy, 0.0,
        text_key(window), words,
    )  # fmt: skip


def ranked(name: str, similarity: float = 0.5, *, page: str = "", policy: bool = False, text: str = "") -> Ranked:
    return Ranked(0.5, similarity, entry(name, page=page, policy=policy, text=text), NOTHING)


class FixedCatalogue(Catalogue):
    """Every point is a window of the chunk named by the part before the slash."""

    def __init__(self) -> None:
        super().__init__(Lexicon(Words(), lambda _: False), VOCABULARY)

    def entry(self, point: str) -> Entry | None:
        return None if point == "gone" else entry(point.split("/")[0])


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    words = Words()
    made = Lexicon(words, lambda _: False)
    for text in TEXTS.values():
        made.add([words.content(text)])
    return made


@pytest.fixture(scope="module")
def reader(quick: QuickEmbedder) -> Reader:
    words = Words()
    return Reader(words, quick, Synonyms.load(words))


@pytest.fixture(scope="module")
def meanings(quick: QuickEmbedder) -> Meanings:
    return Meanings(VOCABULARY, quick)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights.load()


def hit(point: str, deep: float | None = 0.5, quick: float = 0.5) -> Hit:
    return Hit(point, deep, quick)


def test_what_all_signals_find_comes_before_what_one_finds() -> None:
    found = Found((hit("a"), hit("b")), (hit("b"), hit("c")), (hit("b"), hit("d")))
    assert [one.entry.chunk_id for one in fuse(found, FixedCatalogue())][:2] == ["b", "a"]


def test_deep_vectors_outweigh_keywords() -> None:
    assert [one.entry.chunk_id for one in fuse(Found((hit("a"),), (), (hit("b"),)), FixedCatalogue())] == ["a", "b"]


def test_points_without_an_entry_are_passed_over() -> None:
    assert fuse(Found((hit("gone"),), (), ()), FixedCatalogue()) == []


def test_no_more_candidates_than_asked_for() -> None:
    many = tuple(hit(str(number)) for number in range(20))
    assert len(fuse(Found(many, many, many), FixedCatalogue(), 7)) == 7


def order(
    text: str, candidates: list[Candidate], reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> list[str]:
    return [
        one.entry.chunk_id
        for one in rank(consider(reader.question(text, lexicon), candidates, meanings, weights), weights)
    ]


def test_of_windows_equally_near_the_one_that_has_the_words_is_first(
    reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    same = [Candidate(entry(name, text=text), 0.5, 0.5, None) for name, text in TEXTS.items()]
    assert order("how long is the warranty of a tent", same, reader, meanings, lexicon, weights)[0] == "warranty"
    assert order("what does express shipping cost", same, reader, meanings, lexicon, weights)[0] == "shipping"


def test_windows_of_a_chunk_count_once_by_the_best(
    reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    near, far = Candidate(entry("a"), 0.9, 0.9, 0), Candidate(entry("a"), 0.2, 0.2, None)
    (only,) = rank(consider(reader.question("x", lexicon), [far, near], meanings, weights), weights)
    assert math.isclose(only.similarity, 0.9)


@pytest.mark.parametrize(("deep", "expected"), [(-0.2, 0.0), (1.0000004, 1.0), (0.4, 0.4)])
def test_similarities_stay_in_range(
    deep: float, expected: float, reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    one = consider(reader.question("x", lexicon), [Candidate(entry("a"), deep, 0.5, None)], meanings, weights)[0]
    assert math.isclose(one.similarity, expected)


def test_a_window_without_its_deep_vector_is_judged_by_the_quick_one(
    reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    waiting = [Candidate(entry(str(quick)), None, quick, None) for quick in (0.1, 0.8)]
    first, second = consider(reader.question("x", lexicon), waiting, meanings, weights)
    assert 0 < first.similarity < second.similarity < 1
    assert rank([first, second], weights)[0].entry.chunk_id == "0.8"


def test_scores_stay_between_nothing_and_all(
    reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    perfect = Candidate(entry("returns", text="return tent", title="return tent"), 1.0, 1.0, 0)
    asked = reader.question("return tent", lexicon)
    assert 0.95 < rank(consider(asked, [perfect], meanings, weights), weights)[0].score <= 1
    assert rank(consider(asked, [Candidate(entry("z"), 0.0, 0.0, None)], meanings, weights), weights)[0].score >= 0


def test_no_weight_of_the_ranking_is_negative() -> None:
    bad = {"version": 1, "ranking": {"deep": -1}, "evidence": {"intercept": 0}, "deep_from_quick": {}}
    with pytest.raises(ValueError, match="negative"):
        Weights.parse(bad)


def test_a_page_is_shown_once_unless_it_answers_twice() -> None:
    good, same, weak = ranked("1", 0.8, page="p"), ranked("2", 0.79, page="p"), ranked("3", 0.5, page="p")
    other = ranked("4", 0.6, page="q")
    assert select([good, weak, other], 5) == [good, other]
    assert select([good, same, other], 5) == [good, same, other]
    assert select([good, same, ranked("5", 0.8, page="p")], 5) == [good, same]


def test_the_same_text_on_two_pages_is_shown_once() -> None:
    first, copy = (
        ranked("1", page="p", text="Returns take 30 days."),
        ranked("2", page="q", text="returns take  30 days"),
    )
    assert select([first, copy, ranked("3", text="Returns take 60 days.")], 5)[1].entry.chunk_id == "3"


def test_no_more_than_the_limit_is_shown() -> None:
    assert len(select([ranked(str(number)) for number in range(9)], 3)) == 3


def test_a_policy_takes_the_last_place_but_never_the_first() -> None:
    pages, policy = [ranked("1"), ranked("2")], ranked("p", policy=True)
    assert with_policy(pages, [policy], 5) == [*pages, policy]
    assert with_policy(pages, [policy], 2) == [pages[0], policy]
    assert with_policy(pages[:1], [policy], 1) == pages[:1]
    assert with_policy([], [policy], 1) == [policy]
    assert with_policy([policy], [ranked("q", policy=True)], 5) == [policy]
    assert with_policy(pages, [], 2) == pages


@pytest.mark.parametrize(
    "question", ["Can I RETURN this?", "my refunds", "Is it under guarantee?", "I want my money back", "send it back"]
)
def test_questions_about_returns_and_warranty_need_a_policy(question: str) -> None:
    assert needs_policy(question, Words().stems(question))


@pytest.mark.parametrize("question", ["Where is my parcel?", "Do you have a store?", ""])
def test_other_questions_need_none(question: str) -> None:
    assert not needs_policy(question, Words().stems(question))


def test_placeholders_of_masked_data_are_not_searched_for() -> None:
    assert clean_query("Mail <email_1> or\n<phone_number_12> about <b>refunds</b>") == "Mail or about <b>refunds</b>"


def passages(asked: Asked, meanings: Meanings, weights: Weights, *near: tuple[str, float]) -> list[Ranked]:
    candidates = [Candidate(entry(name, text=TEXTS[name]), deep, deep, None) for name, deep in near]
    return rank(consider(asked, candidates, meanings, weights), weights)


def test_without_passages_there_is_no_evidence(reader: Reader, lexicon: Lexicon, weights: Weights) -> None:
    evidence = judge(reader.question("return", lexicon), [], [], weights)
    assert (evidence.strength, evidence.gap, evidence.cover, evidence.answerable) == (0, 0, 0, False)


def test_near_passages_that_have_the_words_are_strong_evidence(
    reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    asked = reader.question("return a tent within 30 days", lexicon)
    near = passages(asked, meanings, weights, ("returns", 0.7), ("shipping", 0.2))
    evidence = judge(asked, near, ["doc_returns"] * 3, weights)
    assert evidence.answerable
    assert evidence.cover == 1
    assert math.isclose(evidence.gap, 0.5, abs_tol=1e-6)


def test_strength_rises_with_similarity_and_with_agreement(
    reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    asked = reader.question("return a tent", lexicon)
    near = [passages(asked, meanings, weights, ("returns", value / 10)) for value in range(11)]
    strengths = [judge(asked, one, [], weights).strength for one in near]
    assert strengths == sorted(strengths)
    assert strengths[0] < 0.5 < strengths[-1]
    assert judge(asked, near[5], ["doc_returns"] * 3, weights).strength > strengths[5]


def test_a_word_that_nobody_has_weighs_against_an_answer(
    reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    known, unknown = (reader.question(f"Can I return a {thing}?", lexicon) for thing in ("tent", "harpsichord"))
    assert [unknown.words[place] for place in unknown.unknown] == ["harpsichord"]
    near = ("returns", 0.5)
    with_it, without = (
        judge(asked, passages(asked, meanings, weights, near), [], weights) for asked in (known, unknown)
    )
    assert without.strength < with_it.strength - 0.1
    assert without.cover < with_it.cover == 1


def test_what_a_story_around_the_question_names_does_not_count(
    reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    asked = reader.question(
        "My harpsichord teacher gave me one for my birthday. Can I return a tent in 30 days?", lexicon
    )
    numbers = evidence_features(asked, passages(asked, meanings, weights, ("returns", 0.5)), [])
    assert numbers["unknown"] == 0
    assert numbers["doubt"] < 0.1


def test_what_no_page_has_weighs_less_in_a_long_message(
    reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    short, long = (
        reader.question(text, lexicon)
        for text in ("return a tent", "My aunt, my uncle, her neighbour, two cousins, one dog, a cat: return a tent?")
    )
    near = ("returns", 0.5)
    (few, many) = (evidence_features(one, passages(one, meanings, weights, near), []) for one in (short, long))
    assert 0 < few["length"] < many["length"] <= 1
    assert weights.evidence["length"] > 0


def test_the_gap_is_between_pages_not_between_passages_of_one_page(
    reader: Reader, meanings: Meanings, lexicon: Lexicon, weights: Weights
) -> None:
    match = passages(reader.question("x", lexicon), meanings, weights, ("returns", 0.8))[0].match
    pages = [
        Ranked(0.9, similarity, entry(name, page=page), match)
        for name, similarity, page in (("1", 0.8, "p"), ("2", 0.78, "p"), ("3", 0.5, "q"))
    ]
    assert math.isclose(judge(reader.question("x", lexicon), pages, [], weights).gap, 0.3)


def test_a_section_has_the_score_of_its_best_window_and_the_nearness_of_its_best_question() -> None:
    def window(section: str, feature: float, similarity: float, *, question: bool = False) -> Considered:
        at = replace(entry("a"), section=section, is_question=question)
        return Considered(Candidate(at, similarity, 0.0, None), similarity, NOTHING, {"deep": feature})

    weights = Weights(0, {"deep": 2.0}, {}, 0.0, 0.0, 0.0)
    found = places(
        [
            window("Costs", 0.4, 0.3),
            window("Costs", 0.6, 0.8, question=True),
            window("Costs", 0.5, 0.7, question=True),
            window("Times", 0.7, 0.9),
        ],
        weights,
    )
    assert found == {"a": (Place("Times", 0.7, 0.0), Place("Costs", 0.6, 0.8))}

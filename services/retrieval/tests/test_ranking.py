"""Fusion, selection and the numbers that decide between an answer and a refusal."""

import math

import pytest

from retrieval.backends.port import Found, Hit
from retrieval.catalogue import Catalogue, Entry
from retrieval.evidence import judge
from retrieval.lexicon import Lexicon
from retrieval.policy import clean_query, needs_policy
from retrieval.ranking import Ranked, fuse, select, with_policy
from retrieval.words import Words


def ranked(name: str, similarity: float = 0.5, *, page: str = "", policy: bool = False, text: str = "") -> Ranked:
    entry = Entry(f"doc_{page or name}", name, "Title", f"https://x/{page or name}", "", text or name, policy, 0.0)
    return Ranked(0.5, similarity, entry)


def hit(point: str, similarity: float) -> Hit:
    return Hit(point, similarity, similarity)


class FixedCatalogue(Catalogue):
    """Every point is a chunk of its own, named by the part before the slash."""

    def __init__(self) -> None:
        super().__init__(Lexicon(Words(), lambda _: False))

    def entry(self, point: str) -> Entry | None:
        return None if point == "gone" else ranked(point.split("/")[0]).entry


def test_meaning_outweighs_keywords() -> None:
    a, b, c = hit("a", 0.7), hit("b", 0.6), hit("c", 0.1)
    found = Found(deep=(a, b), quick=(a, b), keyword=(b, c, a))
    assert [one.entry.chunk_id for one in fuse(found, FixedCatalogue())] == ["a", "b", "c"]


def test_the_first_in_all_has_the_full_score() -> None:
    (only,) = fuse(Found((hit("a", 0.9),), (hit("a", 0.9),), (hit("a", 0.9),)), FixedCatalogue())
    assert math.isclose(only.score, 1.0)


def test_windows_of_a_chunk_count_once_by_the_best() -> None:
    found = Found((hit("a/1", 0.9), hit("a/2", 0.8), hit("b/1", 0.7)), (), ())
    assert [(one.entry.chunk_id, one.similarity) for one in fuse(found, FixedCatalogue())] == [("a", 0.9), ("b", 0.7)]


def test_points_without_an_entry_are_passed_over() -> None:
    assert fuse(Found((hit("gone", 0.9),), (), ()), FixedCatalogue()) == []


@pytest.mark.parametrize(("similarity", "expected"), [(-0.2, 0.0), (1.0000004, 1.0)])
def test_similarities_stay_in_range(similarity: float, expected: float) -> None:
    assert fuse(Found((hit("a", similarity),), (), ()), FixedCatalogue())[0].similarity == expected


def test_a_page_is_shown_once_unless_it_answers_twice() -> None:
    good, same, weak = ranked("1", 0.8, page="p"), ranked("2", 0.79, page="p"), ranked("3", 0.5, page="p")
    other = ranked("4", 0.6, page="q")
    assert select([good, weak, other], 5) == [good, other]
    assert select([good, same, other], 5) == [good, same, other]
    assert select([good, same, ranked("5", 0.8, page="p")], 5) == [good, same]


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


@pytest.fixture
def lexicon() -> Lexicon:
    made = Lexicon(Words(), lambda _: False)
    made.add("d", ["returns are free", "the warranty covers tents", "shipping is free"])
    return made


def test_without_passages_there_is_no_evidence(lexicon: Lexicon) -> None:
    evidence = judge(["return"], [], Words(), lexicon)
    assert (evidence.strength, evidence.gap, evidence.cover, evidence.answerable) == (0, 0, 0, False)


def test_near_passages_that_have_the_words_are_strong_evidence(lexicon: Lexicon) -> None:
    near = [ranked("1", 0.8, text="returns are free"), ranked("2", 0.3)]
    evidence = judge(["return", "free"], near, Words(), lexicon)
    assert evidence.answerable
    assert evidence.cover == 1
    assert math.isclose(evidence.gap, 0.5)


def test_a_word_that_nobody_knows_weighs_heaviest(lexicon: Lexicon) -> None:
    passages = [ranked("1", 0.4, text="returns are free")]
    assert judge(["free", "loung"], passages, Words(), lexicon).cover < 0.5
    assert judge(["free", "return"], passages, Words(), lexicon).cover == 1


def test_strength_rises_with_similarity(lexicon: Lexicon) -> None:
    strengths = [judge([], [ranked("1", value / 10)], Words(), lexicon).strength for value in range(11)]
    assert strengths == sorted(strengths)
    assert strengths[0] < 0.1
    assert strengths[-1] > 0.9


def test_the_gap_is_between_pages_not_between_passages_of_one_page(lexicon: Lexicon) -> None:
    passages = [ranked("1", 0.8, page="p"), ranked("2", 0.78, page="p"), ranked("3", 0.5)]
    assert math.isclose(judge([], passages, Words(), lexicon).gap, 0.3)

"""The chunker loses nothing, keeps to its limits, and cuts where a reader would."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.chunking import Chunk, chunk_markdown, with_questions
from retrieval.chunking.chunker import MAX_TOKENS, MIN_TOKENS, OVERLAP_MAX, OVERLAP_MIN, WINDOW_TOKENS
from retrieval.chunking.counting import WordCount
from servicekit.embedding import WordPieces

PIECES = WordPieces.load()
SENTENCE = "The tent must be completely dry before it goes back into its bag for the winter. "


def chunks_of(markdown: str, title: str = "Tents") -> list[Chunk]:
    return chunk_markdown(markdown, title, PIECES.count)


_word = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
_line = st.lists(_word, min_size=1, max_size=40).map(" ".join)
_block = st.one_of(
    _line,
    st.integers(1, 6).flatmap(lambda level: _line.map(lambda text: "#" * level + " " + text[:60])),
    st.lists(_line, min_size=1, max_size=6).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(_line, min_size=1, max_size=4).map(
        lambda rows: "\n".join(["| a |", "|---|", *(f"| {r} |" for r in rows)])
    ),
    st.lists(_line, min_size=1, max_size=4).map(lambda rows: "```\n" + "\n".join(rows) + "\n```"),
    st.integers(100, 900).map(lambda size: "x" * size),
    st.integers(5, 60).map(lambda count: SENTENCE * count),
    st.just("[label]: https://shop.example/help 'a definition'"),
)
_documents = st.lists(_block, max_size=25).map("\n\n".join)
_examples = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@_examples
@given(_documents)
def test_no_text_is_lost(markdown: str) -> None:
    there = "".join("".join(chunk.text.split()) for chunk in chunks_of(markdown))
    for word in set(markdown.split()):
        assert word in there


@_examples
@given(_documents)
def test_no_chunk_and_no_window_is_too_long(markdown: str) -> None:
    for chunk in chunks_of(markdown):
        assert chunk.tokens <= MAX_TOKENS
        assert PIECES.count(chunk.text) <= chunk.tokens == WordCount(PIECES.count)(chunk.text)
        assert chunk.windows
        for window in chunk.windows:
            assert PIECES.count(window.text) <= WINDOW_TOKENS


@_examples
@given(_documents)
def test_chunks_are_numbered_and_never_empty(markdown: str) -> None:
    found = chunks_of(markdown)
    assert [chunk.ordinal for chunk in found] == list(range(len(found)))
    assert all(chunk.text.strip() for chunk in found)


def test_a_long_section_becomes_chunks_of_the_right_size_that_overlap() -> None:
    text = "".join(f"Rule {number}: {SENTENCE}" for number in range(120))
    found = chunks_of("## Drying\n\n" + text)
    assert len(found) > 3
    for chunk in found[:-1]:
        assert MIN_TOKENS <= chunk.tokens <= MAX_TOKENS
    for before, after in pairwise(found):
        assert after.section == before.section == "Drying"
        shared = next(size for size in range(len(after.text), 0, -1) if before.text.endswith(after.text[:size]))
        assert OVERLAP_MIN <= PIECES.count(after.text[:shared]) <= OVERLAP_MAX


def test_small_sections_share_a_chunk_and_keep_their_own_windows() -> None:
    found = chunks_of("# Tents\n\nIntro.\n\n## Drying\n\nDry it.\n\n## Storing\n\n### In winter\n\nLoosely.")
    assert len(found) == 1
    assert [(window.section, window.anchor) for window in found[0].windows] == [
        ("", "tents"), ("Drying", "drying"), ("Storing", "storing"), ("Storing > In winter", "in-winter"),
    ]  # fmt: skip
    assert "## Drying\n\nDry it." in found[0].text


def test_a_new_section_starts_a_new_chunk_without_overlap_when_it_does_not_fit() -> None:
    found = chunks_of("## One\n\n" + SENTENCE * 20 + "\n\n## Two\n\n" + SENTENCE * 20)
    assert [chunk.section for chunk in found] == ["One", "Two"]
    assert found[1].text.startswith("## Two")


@pytest.mark.parametrize("row", ["- Item {} weighs four kilograms and is grey.", "| Item {} | 4 kg | grey |"])
def test_a_list_or_table_that_fits_is_never_cut(row: str) -> None:
    head = ["| Name | Weight | Colour |", "|---|---|---|"] if row.startswith("|") else []
    block = "\n".join([*head, *(row.format(number) for number in range(25))])
    found = chunks_of("## Goods\n\n" + SENTENCE * 12 + "\n\n" + block + "\n\n" + SENTENCE * 12)
    assert sum(block in chunk.text for chunk in found) == 1


def test_a_table_that_is_too_long_repeats_its_head() -> None:
    rows = "\n".join(f"| Item {number} | 4 kg | a rather long description of it |" for number in range(80))
    found = chunks_of("| Name | Weight | Text |\n|---|---|---|\n" + rows)
    assert len(found) > 1
    assert all("| Name | Weight | Text |" in chunk.text for chunk in found)


def test_a_heading_that_repeats_gets_its_own_anchor() -> None:
    found = chunks_of("## Costs\n\nFree.\n\n## Costs\n\nNot free.")
    assert [window.anchor for window in found[0].windows] == ["costs", "costs-1"]


@pytest.mark.parametrize("markdown", ["", "   \n\n  ", "\n"])
def test_nothing_gives_no_chunks(markdown: str) -> None:
    assert chunks_of(markdown) == []


def test_a_question_is_a_window_of_its_section_and_in_no_text() -> None:
    chunks = chunks_of(f"# Tents\n\nAll about tents.\n\n## Drying\n\n{SENTENCE * 40}\n\n## Poles\n\n{SENTENCE * 40}")
    asked = {"drying ": ("Is mould bad?",), "Poles": ("My pole broke",), "Nowhere": ("Is it red?",)}
    found = with_questions(chunks, asked)
    assert [one.text for one in found] == [one.text for one in chunks]
    added = [
        (window.section, window.text) for old, new in zip(chunks, found, strict=True)
        for window in new.windows[len(old.windows):]
    ]  # fmt: skip
    assert sorted(added) == [("", "Is it red?"), ("Drying", "Is mould bad?"), ("Poles", "My pole broke")]
    assert with_questions([], asked) == []

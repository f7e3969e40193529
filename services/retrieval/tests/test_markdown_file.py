"""Markdown files with front matter; whatever is wrong with one is said in a few words."""

import datetime as dt
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.tools.retrieval import Channel
from retrieval.ingest import starter_folder
from retrieval.markdown_file import MarkdownFileError, parse_document, read_document

GOOD = """---
title: Warranty
url: https://shop.example/help/warranty
reviewed: true
policy: true
updated_at: 2026-02-16
tags: [warranty, tents]
channels: email
ttl_days: 30
---
# Warranty

Two years.
"""


def test_front_matter_becomes_fields() -> None:
    document = parse_document(GOOD)
    assert (document.title, document.body) == ("Warranty", "# Warranty\n\nTwo years.")
    assert (document.reviewed, document.is_policy, document.ttl_days) == (True, True, 30)
    assert (document.tags, document.channels) == (("warranty", "tents"), (Channel.EMAIL,))
    assert document.updated_at == dt.datetime(2026, 2, 16, tzinfo=dt.UTC)


def test_questions_that_people_ask_come_with_their_section() -> None:
    document = parse_document(GOOD.replace("ttl_days: 30", "asked: {Warranty: ['Is it covered?', 'Who mends it?']}"))
    assert document.asked == {"Warranty": ("Is it covered?", "Who mends it?")}
    assert document.digest() != parse_document(GOOD.replace("ttl_days: 30\n", "")).digest()


def test_a_document_is_not_reviewed_unless_it_says_so() -> None:
    assert not parse_document(GOOD.replace("reviewed: true\n", "")).reviewed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# No front matter", "url"),
        ("", "no text"),
        (GOOD.replace("ttl_days: 30", "asked: ['Who mends it?']"), "asked"),
        (GOOD.replace("ttl_days: 30", "asked: {Warranty: ['']}"), "asked"),
        ("---\ntitle: x\n", "not closed"),
        ("---\n{: [\n---\nx", "not valid YAML"),
        ("---\n- a\n---\nx", "not a list of names"),
        ("---\n1: a\n---\nx", "not a list of names"),
        (GOOD.replace("title: Warranty", "titel: Warranty"), "'title' is meant, perhaps"),
        (GOOD.replace("reviewed: true", "reviewd: false"), "'reviewed' is meant, perhaps"),
        (GOOD.replace("title: Warranty", "title: [Warranty]"), "title"),
        ("---\n" + "a: " + "[" * 9000 + "\n---\nx", "not valid YAML"),
        ("---\ndate: 2026-13-45\n---\nx", "not valid YAML"),
        ("---\n" + "a: b\n" * 9000 + "---\nx", "more than 20,000 characters"),
        (GOOD.replace("https://", "javascript:"), "url"),
        (GOOD.replace("2026-02-16", "soon"), "updated_at"),
        (GOOD.replace("email", "fax"), "channels"),
        (GOOD.replace("[warranty, tents]", "[7]"), "tags"),
        (GOOD.replace("# Warranty\n\nTwo years.\n", ""), "no text"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(MarkdownFileError, match=said):
        parse_document(text)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(MarkdownFileError, match="cannot be read"):
        read_document(tmp_path / "none.md")


@given(st.text())
def test_any_front_matter_gives_a_document_or_an_error_for_people(text: str) -> None:
    with suppress(MarkdownFileError):
        assert parse_document(f"---\n{text}\n---\nx").body


def test_the_starter_base_is_twenty_reviewed_articles_of_readable_length() -> None:
    documents = [read_document(path) for path in sorted(starter_folder().glob("*.md"))]
    assert len(documents) == 20
    assert len({document.id for document in documents}) == 20
    for document in documents:
        assert document.reviewed
        assert 250 <= len(document.body.split()) <= 600, document.url
        assert document.url.startswith("https://shop.example/help/")
        assert document.body.startswith(f"# {document.title}\n")
        assert "loyalty" not in document.body.lower()

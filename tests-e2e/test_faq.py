"""What is told while the help pages cannot be searched is what those pages say."""

from pathlib import Path

import pytest
import yaml

from orchestrator.brain.offline.phrasing import TRANSLATED
from orchestrator.effects.faq import Entry, load_faq

PAGES = Path(__file__).parents[1] / "services/retrieval/src/retrieval/knowledge"


def _pages() -> dict[str, tuple[str, str]]:
    """By address: the title of a page, and its text in one line."""
    found = {}
    for path in PAGES.glob("*.md"):
        _, head, text = path.read_text("utf-8").split("---\n", 2)
        known = yaml.safe_load(head)
        found[known["url"]] = known["title"], " ".join(text.split())
    return found


@pytest.mark.parametrize("entry", load_faq().entries.values(), ids=load_faq().entries)
def test_an_entry_says_word_for_word_what_its_page_says_in_every_language_of_the_product(entry: Entry) -> None:
    title, text = _pages()[entry.url]
    assert entry.title == title
    assert entry.text["en"] in text
    assert set(entry.text) == set(entry.words) == {"en", *TRANSLATED}

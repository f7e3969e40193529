"""What is stored or shown to a model holds tokens; the customer sees what they stand for, and nobody else does."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.guard.masking import IdMask
from orchestrator.guard.vault import Held, Vault
from servicekit.privacy import Finder

NewVault = Callable[..., Vault]
TEXT = "I am ada@example.com, again ADA@example.com; card 4111 1111 1111 1111, call +1 (802) 555-0147."


def kinds(text: str) -> list[str]:
    return re.findall(r"<([a-z_]+)_[a-z2-7]{8}>", text)


def test_addresses_cards_and_phones_become_tokens_and_come_back(vault: Vault) -> None:
    masked = vault.mask(TEXT)
    assert kinds(masked) == ["email", "email", "card", "phone"]
    for secret in ("example.com", "4111", "802"):
        assert secret not in masked
    assert vault.restore(masked).replace("ada@", "ADA@") == TEXT.replace("ada@", "ADA@")


def test_a_value_has_one_token_in_a_conversation_whoever_masks_it_and_however_it_is_grouped(
    new_vault: NewVault,
) -> None:
    first, later = new_vault(), new_vault()
    assert first.mask("mail ada@example.com") == later.mask("mail Ada@Example.com")
    assert first.mask("pay with 4111 1111 1111 1111") == later.mask("pay with 4111-1111-1111-1111")
    assert len(set(re.findall(r"<email_\w+>", first.mask("a@x.example a@x.example b@x.example")))) == 2


def test_another_conversation_has_other_tokens_for_the_same_value(new_vault: NewVault) -> None:
    assert new_vault(b"a" * 32).mask("ada@example.com") != new_vault(b"b" * 32).mask("ada@example.com")


def test_a_signed_link_is_one_token_and_a_plain_one_stays(vault: Vault) -> None:
    signed = "https://files.example/files/invoices/INV-1.pdf?expires=1795243018&owner=a7a1&signature=0NXnj9m_4tN"
    masked = vault.mask(f"[the PDF]({signed}) and https://shop.example/help/returns?page=2")
    assert kinds(masked) == ["link"]
    assert masked.endswith("and https://shop.example/help/returns?page=2")
    assert vault.restore(masked).startswith(f"[the PDF]({signed})")


def test_an_order_that_was_shown_by_its_end_is_known_by_it(vault: Vault) -> None:
    token = vault.mask_fields({"order_id": "ABC123"}, ())["order_id"]
    shown = vault.show(f"Your order {token} is on its way, not XC123.")
    assert shown == "Your order ••C123 is on its way, not XC123."
    assert vault.know_shown(shown) == f"Your order {token} is on its way, not XC123."
    assert vault.know_shown("••C1234 and ••9999") == "••C1234 and ••9999"


def test_of_two_orders_that_end_alike_neither_is_meant(vault: Vault) -> None:
    vault.mask_fields({"order_id": "ABC123"}, ())
    vault.mask_fields({"order_id": "XYC123"}, ())
    assert vault.know_shown("Your order ••C123 is here.") == "Your order ••C123 is here."


def test_prices_and_dates_are_not_personal_data(vault: Vault) -> None:
    text = "It cost 129.00 USD on 2026-11-21, invoice INV-2026-0001, and 2 x 12.50 EUR at 10:30."
    assert vault.mask(text) == text


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    st.datetimes(timezones=ZONES | st.none()).map(datetime.isoformat)
    | st.datetimes().map(lambda one: f"{one.isoformat(timespec='seconds')}Z")
)
def test_when_something_happened_is_nobodys_data(finder: Finder, instant: str) -> None:
    # The vault asks no finder for it: it must be right not to.
    assert finder.find(instant) == ()


def test_when_something_happened_is_left_to_be_read(vault: Vault) -> None:
    output = {"placed_at": "2026-03-02T09:30:00Z", "eta": "2026-03-04T18:00:00.123456+02:00"}
    assert vault.mask_fields(output, ()) == output


def test_an_instant_that_a_hidden_field_held_is_a_token_wherever_it_stands_again(vault: Vault) -> None:
    hidden = vault.mask_fields({"born": "1990-03-02T09:30:00Z"}, ["born"])
    assert vault.mask_fields({"since": "1990-03-02T09:30:00Z"}, ()) == {"since": hidden["born"]}


def test_an_order_number_is_a_token_of_its_own_and_its_last_four_characters_are_shown(vault: Vault) -> None:
    masked = vault.mask("Where is my order abc123?")
    (token,) = re.findall(r"<order_\w+>", masked)
    assert vault.mask_fields({"order_id": "ABC123", "status": "shipped"}, ()) == {
        "order_id": token, "status": "shipped",
    }  # fmt: skip
    assert vault.restore_arguments({"order_id": token}) == {"order_id": "ABC123"}
    assert vault.show(f"Order {token} is on its way.") == "Order ••C123 is on its way."
    assert vault.mask("Is ABC123 late?") == f"Is {token} late?"


def test_order_numbers_in_a_list_are_tokens_of_their_own_and_known_from_then_on(vault: Vault) -> None:
    told = vault.mask_fields({"orders": [{"order_id": "ABC123", "items": []}, {"order_id": "1234"}], "more": True}, ())
    first, second = (one["order_id"] for one in told["orders"])
    assert (kinds(f"{first} {second}"), told["more"]) == (["order", "order"], True)
    assert vault.orders() == {"ABC123", "1234"}
    assert vault.mask("What is in 1234, and where is abc123?") == f"What is in {second}, and where is {first}?"
    assert vault.show(f"You have {first} and {second}.") == "You have ••C123 and ••1234."
    assert vault.restore_arguments({"order_id": second}) == {"order_id": "1234"}


def test_a_number_that_is_no_order_yet_stays_until_it_is_one(vault: Vault) -> None:
    assert vault.mask("I bought 1234 things") == "I bought 1234 things"
    vault.mask_fields({"order_id": "1234"}, ())
    assert kinds(vault.mask("what about 1234?")) == ["order"]


def test_a_masked_id_stays_usable_in_links(vault: Vault) -> None:
    vault.mask_fields({"order_id": "ABC123"}, ())
    link = "https://shop.example/orders/ABC123"
    assert vault.mask(link) == link
    assert IdMask(frozenset({"ABC123"}))(link) == link


def test_an_id_that_a_model_wrote_in_clear_shows_its_last_four_only() -> None:
    mask = IdMask(frozenset({"ABC123", "1234"}))
    assert mask("Order abc123 is on its way (ABC123).") == "Order ••c123 is on its way (••C123)."


def test_only_tokens_of_this_vault_are_restored(vault: Vault) -> None:
    token = vault.mask("ada@example.com")
    assert vault.restore(f"{token} <email_aaaaaaaa> <script>") == "ada@example.com <email_aaaaaaaa> <script>"


def test_masking_what_is_masked_changes_nothing(vault: Vault) -> None:
    once = vault.mask(f"{TEXT} order ABC123")
    assert vault.mask(once) == once


def test_redacted_fields_and_nested_text_are_hidden_and_come_back_in_arguments(vault: Vault) -> None:
    output = {"url": "https://x.example/f?s=1", "note": ["mail ben@example.com"], "deep": {"url": "z"}, "total": 5}
    shown = vault.mask_fields(output, ["url"])
    assert kinds(str(shown)) == ["url", "email", "url"]
    assert shown["total"] == 5
    assert vault.restore_arguments(shown) == output


def test_who_takes_part_is_masked_by_name(new_vault: NewVault) -> None:
    vault = new_vault(names=("Ada Moreno",))
    masked = vault.mask("this is ada, miss MORENO to you")
    assert "ada" not in masked
    assert "MORENO" not in masked


def test_what_was_masked_is_given_to_be_stored_once_and_opens_what_another_masked(new_vault: NewVault) -> None:
    first = new_vault()
    masked = first.mask("mail ada@example.com, order ABC123")
    fresh = first.take_fresh()
    assert {one.kind for one in fresh} == {"email", "order"}
    assert first.mask("mail ada@example.com") in masked
    assert first.take_fresh() == ()
    later = new_vault()
    assert later.restore(masked) == masked
    later.learn(fresh)
    assert later.restore(masked) == "mail ada@example.com, order ABC123"
    assert later.take_fresh() == ()


def test_a_value_is_not_printed_with_the_vault_that_holds_it(vault: Vault) -> None:
    vault.mask("ada@example.com")
    assert "ada@" not in repr(vault)
    assert "kkkk" not in repr(vault)


def test_a_token_that_hides_another_kind_is_not_revealed_to_staff(vault: Vault) -> None:
    vault.learn([Held("<email_aaaaaaaa>", "email", "ada@example.com"), Held("<order_bbbbbbbb>", "order", "ABC123")])
    assert vault.reveal_orders("<order_bbbbbbbb> of <email_aaaaaaaa>") == "ABC123 of <email_aaaaaaaa>"
    assert vault.for_staff("<order_bbbbbbbb> of <email_aaaaaaaa>, <phone_cccccccc>") == "ABC123 of <email>, <phone>"


def test_all_that_is_in_a_hidden_field_is_hidden(vault: Vault) -> None:
    output = {"ship_to": {"town": "Portland", "lines": ["Unit 98", {"floor": 98}]}, "house": 98, "town": "Portland, ME"}
    masked = vault.mask_fields(output, ["ship_to", "house"])
    assert [word for word in ("Unit", "98", "'Portland'") if word in str(masked)] == []
    assert (kinds(str(masked["ship_to"])), kinds(str(masked["house"]))) == (["town", "lines", "floor"], ["house"])


def test_a_hidden_field_of_any_name_comes_back(vault: Vault) -> None:
    output = {"shipTo2": "Portland", "ADDRESS-LINE": "Elm", "42": "x"}
    masked = vault.mask_fields(output, output)
    assert kinds(" ".join(masked.values())) == ["shipto", "address_line", "field"]
    assert vault.restore_arguments(masked) == output


def test_what_is_no_order_number_is_not_revealed_because_a_call_looks_an_order_up_by_it(vault: Vault) -> None:
    said = vault.mask("My order number is 4111 1111 1111 1111, or maybe zoe@mail.example")
    asked = (
        vault.mask_fields({"order_id": "4111111111111111"}, ()),
        vault.mask_fields({"order_id": "zoe@mail.example"}, ()),
    )
    assert [kinds(one["order_id"]) for one in asked] == [["card"], ["email"]]
    assert vault.restore_arguments(asked[1]) == {"order_id": "zoe@mail.example"}
    assert [word for word in ("4111", "zoe") if word in vault.for_staff(f"{said} {asked}")] == []


def test_what_a_hidden_field_held_is_a_token_wherever_it_stands_again(vault: Vault) -> None:
    (token,) = vault.mask_fields({"ship_to": "Portland, US"}, ["ship_to"]).values()
    assert vault.mask("Bring it to Portland, US.") == f"Bring it to {token}."
    assert vault.mask_fields({"note": "To Portland, US"}, ()) == {"note": f"To {token}"}
    vault.mask_fields({"floor": "2"}, ["floor"])
    assert vault.mask("I bought 2 of them") == "I bought 2 of them"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300))
def test_masking_then_restoring_gives_the_text_back(new_vault: NewVault, text: str) -> None:
    vault = new_vault()
    assert vault.restore(vault.mask(text)).casefold() == text.casefold() or "<" in text

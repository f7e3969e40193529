"""What every backend of orders keeps, whichever system holds them. A test class of a backend inherits `OrdersPort` and
gives the fixture `held`: the demo shop's orders in that system.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from contracts.tools.orders import OrderLookup, OrderStatus
from orders.backends.port import OrdersBackend
from servicekit.testing import FakeClock

REFERENCE = "ref_5f0c2d"


@dataclass(frozen=True, slots=True)
class Held:
    """The backend, its names for the two customers, and the notes on an order as that system shows them."""

    backend: OrdersBackend
    ada: str
    ben: str
    notes: Callable[[str], Awaitable[str]]


class OrdersPort:
    """The port's promises."""

    async def test_it_says_where_an_order_is(self, held: Held) -> None:
        found = await held.backend.find_status(held.ada, OrderLookup(order_id="ABC123"))
        assert found is not None
        assert (found.order_id, found.status, found.carrier) == ("ABC123", OrderStatus.SHIPPED, "Parcelway")
        assert found.tracking_url == "https://parcelway.example/track/PW0040106028"
        assert found.placed_at.isoformat() == "2026-02-26T21:58:00+00:00"
        assert found.updated_at.isoformat() == "2026-02-28T18:43:00+00:00"

    @pytest.mark.parametrize(("order_id", "status"), [("1234", "delivered"), ("ABC123", "shipped")])
    async def test_the_status_is_one_of_the_contracts(self, held: Held, order_id: str, status: str) -> None:
        found = await held.backend.find_status(held.ada, OrderLookup(order_id=order_id))
        assert found is not None
        assert found.status == status

    async def test_an_order_that_is_on_its_way_to_be_packed_has_no_carrier(self, held: Held) -> None:
        found = await held.backend.find_status(held.ben, OrderLookup(order_id="XYZ789"))
        assert found is not None
        assert (found.status, found.carrier, found.tracking_url) == (OrderStatus.PROCESSING, None, None)

    async def test_it_says_what_is_in_an_order(self, held: Held) -> None:
        found = await held.backend.find_order(held.ada, OrderLookup(order_id="ABC123"))
        assert found is not None
        assert [(item.sku, item.name, item.quantity, str(item.unit_price)) for item in found.items] == [
            ("STV-GAS", "Ember gas stove", 1, "64.00 USD"),
            ("LGT-LANT", "Hearth LED lantern", 1, "45.00 USD"),
            ("AXE-HATCH", "Forged hatchet", 1, "75.00 USD"),
        ]
        assert (str(found.total), found.ship_to.partition(",")[0]) == ("184.00 USD", "Burlington")

    async def test_an_order_is_found_however_its_id_is_spelled(self, held: Held) -> None:
        found = await held.backend.find_order(held.ada, OrderLookup(order_id="abc123"))
        assert found is not None
        assert found.order_id == "ABC123"

    async def test_their_own_address_gives_their_newest_order_whatever_others_bought(self, held: Held) -> None:
        for customer, email, newest in (
            (held.ada, "ada@example.com", "ABC123"),
            (held.ben, "ben@example.com", "XYZ789"),
        ):
            found = await held.backend.find_order(customer, OrderLookup(email=email))
            assert found is not None
            assert found.order_id == newest

    @pytest.mark.parametrize("order_id", ["ABC123", "1234", "7001", "NOPE999", "999999", "000"])
    async def test_what_is_not_theirs_is_not_there(self, held: Held, order_id: str) -> None:
        lookup = OrderLookup(order_id=order_id)
        assert await held.backend.find_status(held.ben, lookup) is None
        assert await held.backend.find_order(held.ben, lookup) is None

    @pytest.mark.parametrize("subject", ["cust_nobody", "", "0", "wp_0", "shopify_0", "wp_", "guest_7f3a", "26 OR 31"])
    async def test_a_subject_that_names_no_customer_has_no_orders(self, held: Held, subject: str) -> None:
        assert await held.backend.find_status(subject, OrderLookup(order_id="ABC123")) is None
        assert await held.backend.find_order(subject, OrderLookup(email="ada@example.com")) is None

    async def test_it_lists_the_customers_own_orders_the_newest_first(self, held: Held) -> None:
        for customer, theirs in ((held.ada, ["ABC123", "1234"]), (held.ben, ["XYZ789", "5678"])):
            listed = await held.backend.list_orders(customer, 6)
            assert [order.order_id for order in listed] == theirs
            assert listed[0].placed_at > listed[1].placed_at

    async def test_a_listed_order_says_what_looking_it_up_says(self, held: Held) -> None:
        for listed in await held.backend.list_orders(held.ada, 6):
            assert listed.items
            assert listed == await held.backend.find_order(held.ada, OrderLookup(order_id=listed.order_id))

    @pytest.mark.parametrize("most", [1, 2])
    async def test_no_more_are_listed_than_were_asked_for(self, held: Held, most: int) -> None:
        listed = await held.backend.list_orders(held.ada, most)
        assert [order.order_id for order in listed] == ["ABC123", "1234"][:most]

    @pytest.mark.parametrize("subject", ["cust_nobody", "", "0", "wp_0", "shopify_0", "wp_", "guest_7f3a", "26 OR 31"])
    async def test_a_subject_that_names_no_customer_lists_none(self, held: Held, subject: str) -> None:
        assert await held.backend.list_orders(subject, 6) == ()

    async def test_a_note_is_kept_with_the_order(self, held: Held, clock: FakeClock) -> None:
        note = await held.backend.add_note(held.ada, "abc123", "Ring twice.", clock.now(), REFERENCE)
        assert note is not None
        assert note.order_id == "ABC123"
        assert note.created_at == clock.now()
        assert "Ring twice." in await held.notes("ABC123")

    async def test_a_note_on_a_foreign_order_is_kept_nowhere(self, held: Held, clock: FakeClock) -> None:
        for order_id in ("ABC123", "NOPE999"):
            assert await held.backend.add_note(held.ben, order_id, "Not mine.", clock.now(), REFERENCE) is None
        assert await held.notes("ABC123") == ""

    async def test_another_call_adds_another_note(self, held: Held, clock: FakeClock) -> None:
        await held.backend.add_note(held.ada, "ABC123", "Ring twice.", clock.now(), REFERENCE)
        await held.backend.add_note(held.ada, "ABC123", "Ring twice.", clock.now(), "ref_another")
        assert (await held.notes("ABC123")).count("Ring twice.") == 2


class RemoteOrdersPort(OrdersPort):
    """What our own database has the request's transaction for."""

    async def test_the_same_call_adds_its_note_once(self, held: Held, clock: FakeClock) -> None:
        first = await held.backend.add_note(held.ada, "ABC123", "Ring twice.", clock.now(), REFERENCE)
        again = await held.backend.add_note(held.ada, "ABC123", "Ring twice.", clock.now(), REFERENCE)
        assert first == again
        assert (await held.notes("ABC123")).count("Ring twice.") == 1

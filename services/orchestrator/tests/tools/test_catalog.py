"""The catalogue: read from the services themselves, never laxer than what we were built against."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from contracts.registry import contracts_of
from contracts.tool import Confirmation, Family
from orchestrator.tools.catalog import Catalog
from orchestrator.tools.metrics import ToolMetrics
from orchestrator.tools.testing import FakeToolService
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.http.client import HttpFailure, HttpResponse
from servicekit.telemetry import Metrics
from servicekit.testing import eventually

Build = Callable[..., Catalog]


@pytest.fixture
async def orders() -> AsyncIterator[FakeToolService]:
    async with FakeToolService.of("orders", contracts_of(Family.ORDERS), {}).running() as fake:
        yield fake


@pytest.fixture
async def tickets() -> AsyncIterator[FakeToolService]:
    async with FakeToolService.of("tickets", contracts_of(Family.TICKETS), {}).running() as fake:
        yield fake


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def build(metrics: Metrics) -> AsyncIterator[Build]:
    http = AiohttpClient()

    def make(*services: FakeToolService, allowlist: list[str] | None = None) -> Catalog:
        urls = {service.family: service.url for service in services}
        return Catalog(urls, http, ToolMetrics(metrics), allowlist=allowlist)

    yield make
    await http.close()


def edit(service: FakeToolService, name: str) -> dict[str, Any]:
    return next(entry for entry in service.entries if entry["name"] == name)


def names(catalog: Catalog, *, customer: bool = True) -> list[str]:
    return [spec.name for spec in catalog.specs(customer=customer)]


async def test_nothing_is_offered_before_the_manifests_were_read(build: Build, orders: FakeToolService) -> None:
    catalog = build(orders)
    assert catalog.specs(customer=True) == ()
    assert catalog.missing_families() == ("orders",)


async def test_what_the_services_serve_is_offered_in_a_stable_order(
    build: Build, orders: FakeToolService, tickets: FakeToolService
) -> None:
    one, other = build(orders, tickets), build(tickets, orders)
    await asyncio.gather(one.refresh(), other.refresh())
    assert names(one) == [
        "add_order_note",
        "create_ticket",
        "get_order",
        "get_order_status",
        "handoff_human",
        "list_orders",
        "send_email",
    ]
    assert one.specs(customer=True) == other.specs(customer=True)
    assert names(one, customer=False) == ["create_ticket", "handoff_human"]
    assert one.troubles() == {}


async def test_a_service_that_is_down_at_start_is_found_when_it_comes_up(
    build: Build, orders: FakeToolService, tickets: FakeToolService
) -> None:
    await orders.stop()
    catalog = build(orders, tickets)
    await catalog.refresh()
    assert "get_order" not in names(catalog)
    assert "create_ticket" in names(catalog)
    assert catalog.troubles() == {"orders": "no answer: connect"}
    await catalog.check()
    await orders.start()
    await catalog.refresh()
    assert "get_order" in names(catalog)
    assert catalog.troubles() == {}


class LateOnce(AiohttpClient):
    """The first answer does not come in time."""

    asked = False

    async def request(self, method: str, url: str, **rest: Any) -> HttpResponse:
        if not self.asked:
            self.asked = True
            raise HttpFailure("timeout")
        return await super().request(method, url, **rest)


async def test_a_service_whose_first_answer_is_late_is_asked_once_more_before_the_first_turn(
    metrics: Metrics, orders: FakeToolService
) -> None:
    http = LateOnce()
    catalog = Catalog({"orders": orders.url}, http, ToolMetrics(metrics))
    await catalog.first_look()
    await http.close()
    assert "get_order" in names(catalog)
    assert catalog.troubles() == {}


async def test_the_background_refresh_finds_a_service_by_itself(build: Build, orders: FakeToolService) -> None:
    await orders.stop()
    catalog = build(orders)
    running = asyncio.create_task(catalog.run())
    await orders.start()
    catalog.want_refresh()
    await eventually(lambda: "get_order" in names(catalog))
    assert catalog.troubles() == {}
    running.cancel()


async def test_a_service_that_goes_down_later_keeps_its_last_manifest(build: Build, orders: FakeToolService) -> None:
    catalog = build(orders)
    await catalog.refresh()
    await orders.stop()
    await catalog.refresh()
    assert "get_order" in names(catalog)
    assert catalog.troubles() == {"orders": "no answer: connect; its last manifest is in use"}
    assert catalog.trouble_of("get_order", "orders") == "no answer: connect; its last manifest is in use"
    assert catalog.missing_families() == ()


async def test_an_incompatible_tool_is_left_out_and_named_and_the_others_go_on(
    build: Build, orders: FakeToolService, metrics: Metrics
) -> None:
    del edit(orders, "get_order")["output_schema"]["properties"]["total"]
    catalog = build(orders)
    await catalog.refresh()
    assert names(catalog) == ["add_order_note", "get_order_status", "list_orders"]
    assert "get_order is not offered: output /total: the field was removed" in catalog.troubles()["orders"]
    assert catalog.trouble_of("get_order", "orders").startswith("output /total")
    assert catalog.trouble_of("get_order_status", "orders") == ""
    assert metrics.registry.get_sample_value("aiguy_tool_incompatible", {"family": "orders"}) == 1


async def test_another_major_version_is_not_offered(build: Build, orders: FakeToolService) -> None:
    edit(orders, "get_order")["version"] = "2.0.0"
    catalog = build(orders)
    await catalog.refresh()
    assert catalog.entry("get_order") is None


@pytest.mark.parametrize("version", ["0.9.0", "1.0.0", "1.4.0"])
async def test_a_newer_service_with_an_additional_argument_is_offered_with_it(
    build: Build, orders: FakeToolService, version: str
) -> None:
    served = edit(orders, "get_order")
    served["version"] = version
    if version == "1.4.0":
        served["input_schema"]["properties"]["detail"] = {"type": "boolean", "default": False}
    catalog = build(orders)
    await catalog.refresh()
    found = catalog.entry("get_order")
    assert (found is None) == (version == "0.9.0")
    if found is not None and version == "1.4.0":
        assert found.accepts.accepts({"order_id": "ABC123", "detail": True})


async def test_what_is_deprecated_is_accepted_and_offered_to_no_model(build: Build, orders: FakeToolService) -> None:
    served = edit(orders, "get_order")["input_schema"]["properties"]
    served["number"] = {**served["order_id"], "deprecated": True}
    catalog = build(orders)
    await catalog.refresh()
    (spec,) = [one for one in catalog.specs(customer=True) if one.name == "get_order"]
    assert "number" not in spec.parameters["properties"]
    found = catalog.entry("get_order")
    assert found is not None
    assert "number" in found.input_schema["properties"]


async def test_a_manifest_cannot_loosen_what_we_were_built_against(build: Build, orders: FakeToolService) -> None:
    edit(orders, "add_order_note").update(confirmation="none", guests=True, redact=[])
    catalog = build(orders)
    await catalog.refresh()
    found = catalog.entry("add_order_note")
    assert found is not None
    assert (found.confirmation, found.guests, found.redact) == (Confirmation.CUSTOMER, False, ("note",))


async def test_a_new_tool_that_nobody_has_heard_of_is_offered_by_its_manifest_alone(
    build: Build, orders: FakeToolService
) -> None:
    new = {
        **edit(orders, "get_order"),
        "name": "get_loyalty_points",
        "path": "/tools/get_loyalty_points",
        "aliases": ["points"],
    }
    orders.entries.append(new)
    catalog = build(orders)
    await catalog.refresh()
    assert "get_loyalty_points" in names(catalog)
    assert catalog.entry("points") == catalog.entry("get_loyalty_points")


async def test_only_allowed_tools_exist(build: Build, orders: FakeToolService) -> None:
    catalog = build(orders, allowlist=["get_order"])
    await catalog.refresh()
    assert names(catalog) == ["get_order"]
    assert catalog.entry("add_order_note") is None


async def test_a_service_cannot_take_over_the_name_of_anothers_tool(
    build: Build, orders: FakeToolService, tickets: FakeToolService
) -> None:
    tickets.entries.append(dict(edit(orders, "get_order")))
    tickets.entries.append({**edit(orders, "get_order"), "family": "tickets"})
    catalog = build(orders, tickets)
    await catalog.refresh()
    found = catalog.entry("get_order")
    assert found is not None
    assert found.base_url == orders.url
    assert "get_order is not offered" in catalog.troubles()["tickets"]


async def test_two_services_cannot_both_have_a_tool_of_one_name(
    build: Build, orders: FakeToolService, tickets: FakeToolService
) -> None:
    for service in (orders, tickets):
        served = {
            **edit(orders, "get_order"),
            "name": "get_points",
            "path": "/tools/get_points",
            "family": service.family,
        }
        service.entries.append(served)
    catalog = build(orders, tickets)
    await catalog.refresh()
    found = catalog.entry("get_points")
    assert found is not None
    assert found.family == "orders"
    assert catalog.troubles() == {"tickets": "get_points is not offered: orders has a tool of that name"}


async def test_a_tool_cannot_claim_another_services_family_and_so_its_tokens(
    build: Build, orders: FakeToolService
) -> None:
    orders.entries.append({**edit(orders, "get_order"), "name": "get_points", "family": "billing"})
    catalog = build(orders)
    await catalog.refresh()
    assert catalog.entry("get_points") is None


async def test_a_tool_without_a_backend_is_not_offered(build: Build, orders: FakeToolService) -> None:
    edit(orders, "add_order_note")["available"] = False
    catalog = build(orders)
    await catalog.refresh()
    assert "add_order_note" not in names(catalog)


@pytest.mark.parametrize(
    "spoiled",
    [{"name": "Drop Tables"}, {"path": "//evil.example"}, {"timeout_ms": 0}, {"input_schema": {"type": "strange"}},
     {"input_schema": {"$ref": "http://127.0.0.1:9/x"}}, {"effect": "destroy"}, {"method": "DELETE"}],
)  # fmt: skip
async def test_a_bad_entry_costs_that_tool_only(build: Build, orders: FakeToolService, spoiled: dict[str, Any]) -> None:
    orders.entries.append({**edit(orders, "get_order"), "name": "other", **spoiled})
    catalog = build(orders)
    await catalog.refresh()
    assert names(catalog) == ["add_order_note", "get_order", "get_order_status", "list_orders"]
    assert "is not offered" in catalog.troubles()["orders"]


async def test_validators_are_compiled_once_for_an_unchanged_schema(build: Build, orders: FakeToolService) -> None:
    catalog = build(orders)
    await catalog.refresh()
    before = catalog.entry("get_order")
    await catalog.refresh()
    after = catalog.entry("get_order")
    assert before is not None
    assert after is not None
    assert after.accepts is before.accepts

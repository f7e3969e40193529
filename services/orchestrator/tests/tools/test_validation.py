"""Schemas of other processes: compiled without fetching anything, checked without leaking values."""

import asyncio
import time

import pytest

from contracts.schema import input_schema, output_schema
from contracts.tools.orders import OrderLookup, OrderView
from orchestrator.tools.testing import FakeToolService
from orchestrator.tools.validation import MAX_ERRORS, SchemaUnusable, compile_schema

ORDER = {
    "order_id": "ABC123", "status": "shipped",
    "placed_at": "2026-03-02T09:30:00Z", "updated_at": "2026-03-02T09:30:00Z",
    "items": [{"sku": "T", "name": "Tent", "quantity": 1, "unit_price": {"amount_minor": 1, "currency": "USD"}}],
    "total": {"amount_minor": 1, "currency": "USD"}, "ship_to": "Portland, US",
}  # fmt: skip


def test_arguments_are_checked_with_the_place_of_each_error_and_without_their_values() -> None:
    schema = compile_schema(input_schema(OrderLookup))
    assert schema.accepts({"order_id": "ABC123"})
    errors = schema.errors({"order_id": "secret!", "also": 1})
    assert errors
    assert "secret" not in " ".join(errors)


def test_only_so_many_errors_are_listed() -> None:
    schema = compile_schema({"type": "object", "additionalProperties": {"type": "integer"}})
    assert len(schema.errors({str(number): "x" for number in range(50)})) <= MAX_ERRORS


async def test_a_reference_to_another_host_is_never_fetched() -> None:
    async with FakeToolService("elsewhere", []).running() as elsewhere:
        with pytest.raises(SchemaUnusable):
            await asyncio.to_thread(compile_schema, {"$ref": f"{elsewhere.url}/schema.json"})
        assert elsewhere.received == []


@pytest.mark.parametrize("schema", [{"type": "strange"}, {"pattern": "("}, {"required": "order_id"}])
def test_a_schema_that_is_none_is_refused(schema: dict[str, object]) -> None:
    with pytest.raises(SchemaUnusable):
        compile_schema(schema)


def test_a_hostile_pattern_costs_linear_time() -> None:
    schema = compile_schema({"type": "string", "pattern": "^(a+)+$"})
    started = time.perf_counter()
    assert not schema.accepts("a" * 20_000 + "b")
    assert time.perf_counter() - started < 0.5


def test_fields_that_the_schema_does_not_name_are_dropped_at_every_level() -> None:
    schema = compile_schema(output_schema(OrderView))
    item = ORDER["items"][0]  # type: ignore[index]
    newer = {**ORDER, "card": "4111", "items": [{**item, "cost": 1}], "total": {**ORDER["total"], "x": 1}}  # type: ignore[dict-item]
    assert schema.accepts(newer)
    assert schema.known_part(newer) == ORDER


def test_a_nullable_object_is_reduced_like_any_other() -> None:
    inner = {"type": "object", "properties": {"a": {"type": "integer"}}}
    schema = compile_schema({"type": "object", "properties": {"x": {"anyOf": [inner, {"type": "null"}]}}})
    assert schema.known_part({"x": {"a": 1, "b": 2}}) == {"x": {"a": 1}}
    assert schema.known_part({"x": None}) == {"x": None}

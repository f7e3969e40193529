"""Property tests of a whole API against its own OpenAPI document, over real HTTP.

A service's test has a fixture `api: Fuzzed` (module scope) and asserts `api.held(path, mode)` for each of its paths.
schemathesis's pytest plugin is not used: it writes to attributes that newer versions of pytest no longer have.
"""

import secrets
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from hypothesis import HealthCheck, assume, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi import from_url
from schemathesis.specs.openapi.schemas import OpenApiSchema

from contracts.headers import DEADLINE_MS, IDEMPOTENCY_KEY
from contracts.privacy import ERASE_PATH, EXPORT_PATH, PRIVACY_SCOPE
from contracts.registry import contracts_of
from contracts.tool import Family
from servicekit.auth.claims import Role
from servicekit.testing.issuer import TestIssuer
from servicekit.testing.live import live_server
from servicekit.testing.proving import how_many

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
#: Of every service that keeps what belongs to people.
PRIVACY_PATHS = (EXPORT_PATH, ERASE_PATH)
#: The same examples every time, so that a failure is everybody's.
SAME = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
#: Calls a minute that no fuzzer makes: beyond a limit even a bad caller is rightly told 429.
UNHURRIED = 1_000_000
#: Deadlines that a good request may miss, and one that it does not, in milliseconds.
_TIGHT, _ENOUGH = frozenset(map(str, range(1, 1_000))), "1000"
Headers = Callable[[], Mapping[str, str]]
Prepare = Callable[[Case[Any]], None]


def held_to_document(
    operation: Any,
    mode: GenerationMode,
    headers: Headers,
    prepare: Prepare | None = None,
    *,
    examples: int | None = None,
) -> int:
    """Sends good or bad requests, each with `headers` and as `prepare` leaves it, and holds each answer against the
    document: status, media type, body, required headers, authentication, and never a 5xx.

    Returns how many were sent, at most `examples` (25, and a thousand for `make prove-input`). Raises what is found.
    """
    sent = 0

    @settings(SAME, max_examples=examples or how_many(25, 1_000))
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Case[Any]) -> None:
        nonlocal sent
        if prepare is not None:
            prepare(case)
        case.call_and_validate(headers={} if _is_bad_caller(case) else dict(headers()))
        sent += 1

    holds()
    sys.stdout.write(f"{sent} {mode.value} requests to {operation.label} were answered as its document says\n")
    return sent


def _is_bad_caller(case: Case[Any]) -> bool:
    """Whether the bad header is the caller's own: a good one in its place would make the request a good one."""
    bad_header = case.meta is not None and case.meta.is_negative_at(ParameterLocation.HEADER)
    return bad_header and "Authorization" in (case.headers or {})


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """A running service, its document, and tokens with all scopes of its family."""

    schema: OpenApiSchema
    issuer: TestIssuer
    family: Family

    @property
    def paths(self) -> set[str]:
        """All paths of the document."""
        return set(self.schema)

    def held(self, path: str, mode: GenerationMode, prepare: Prepare | None = None, **token: Any) -> int:
        """`held_to_document` for the path's one operation. `token` says who calls where it is not the usual caller."""
        (operation,) = self.schema[path].values()
        usual = {"scopes": [contract.scope for contract in contracts_of(self.family)], "role": Role.CUSTOMER}
        if path in PRIVACY_PATHS:
            usual = {"scopes": [PRIVACY_SCOPE], "role": Role.SERVICE}
        told: dict[str, Any] = usual | token

        def prepared(case: Case[Any]) -> None:
            # A deadline of 0 is refused by the document, and honoured: rightly a 504.
            assume(case.headers is None or str(case.headers.get(DEADLINE_MS)) != "0")
            if case.headers and str(case.headers.get(DEADLINE_MS)) in _TIGHT:  # on a busy machine rightly a 504 as well
                case.headers[DEADLINE_MS] = _ENOUGH
            if mode is GenerationMode.POSITIVE and case.headers:
                case.headers.pop(DEADLINE_MS, None)  # a deadline of 1 ms is rightly a 504
                if IDEMPOTENCY_KEY in case.headers:  # a key that comes twice is rightly a 422
                    case.headers[IDEMPOTENCY_KEY] = secrets.token_hex(8)
            if prepare is not None:
                prepare(case)

        def bearer() -> Mapping[str, str]:
            # Spelled as the document spells it: the check of ignored authentication compares letter by letter.
            return {"Authorization": f"Bearer {self.issuer.token(self.family.value, ttl_s=300, **told)}"}

        return held_to_document(operation, mode, bearer, prepared)


def tool_paths(family: Family, *, unbound: Collection[str] = ()) -> list[str]:
    """The paths of a family's tools but for the `unbound` ones, which answer 501; previews only where a tool writes."""
    bound = [one for one in contracts_of(family) if one.name not in unbound]
    return [path for one in bound for path in (one.path, *([one.preview_path] if one.is_write else []))]


def take_too_large_for_refused(schema: OpenApiSchema) -> None:
    """A body over the limit is 413, whatever else is wrong with it."""
    refusal = schema.config.checks.negative_data_rejection
    refusal.expected_statuses = [*refusal.expected_statuses, "413"]


@contextmanager
def fuzzed(app: FastAPI, issuer: TestIssuer, family: Family) -> Iterator[Fuzzed]:
    """Serves `app`, which believes `issuer`, until the block ends."""
    with live_server(app) as url:
        schema = from_url(f"{url}/openapi.json")
        take_too_large_for_refused(schema)
        yield Fuzzed(schema, issuer, family)

"""What can go wrong, once: the codes, their HTTP status, and the class that decides what the customer hears.

    ProblemCode ──PROBLEMS──► ProblemType(status, title, error_class, retryable)
    ErrorClass  user_fixable · transient · timeout · not_authorised · not_found · internal

Every error of every service is an RFC 9457 `application/problem+json` body of the shape `Problem`.
"""

from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from contracts.base import OpenModel

PROBLEM_MEDIA_TYPE = "application/problem+json"


class ErrorClass(StrEnum):
    """How an error is treated by the turn and told to the customer."""

    USER_FIXABLE = "user_fixable"
    TRANSIENT = "transient"
    TIMEOUT = "timeout"
    NOT_AUTHORISED = "not_authorised"
    NOT_FOUND = "not_found"
    INTERNAL = "internal"


class ProblemCode(StrEnum):
    """The code that a client branches on. Codes are only ever added."""

    INVALID_REQUEST = "invalid_request"
    MALFORMED_BODY = "malformed_body"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    UNAUTHENTICATED = "unauthenticated"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a code, not a secret
    FORBIDDEN = "forbidden"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    NOT_FOUND = "not_found"
    ORDER_NOT_FOUND = "order_not_found"
    INVOICE_NOT_FOUND = "invoice_not_found"
    LINK_EXPIRED = "link_expired"
    CONFLICT = "conflict"
    ALREADY_DECIDED = "already_decided"
    WAITS_FOR_STAFF = "waits_for_staff"
    CONFIRMATION_REQUIRED = "confirmation_required"
    APPROVAL_REQUIRED = "approval_required"
    GRANT_INVALID = "grant_invalid"
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    IDEMPOTENCY_IN_FLIGHT = "idempotency_in_flight"
    NOT_REFUNDABLE = "not_refundable"
    REFUND_NOT_FOUND = "refund_not_found"
    ARGUMENT_REMOVED = "argument_removed"
    CONTRACT_VERSION = "contract_version"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    DEPENDENCY_DOWN = "dependency_down"
    CIRCUIT_OPEN = "circuit_open"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    INDEX_UNAVAILABLE = "index_unavailable"
    KEY_UNAVAILABLE = "key_unavailable"
    TOOL_UNKNOWN = "tool_unknown"
    TOOL_SWITCHED_OFF = "tool_switched_off"
    NOT_IMPLEMENTED = "not_implemented"
    INTERNAL = "internal"


class ProblemType(NamedTuple):
    """What a code means everywhere: HTTP status, a title for people, how the turn treats it, whether to retry."""

    status: int
    title: str
    error_class: ErrorClass
    retryable: bool


_C = ProblemCode
_E = ErrorClass
PROBLEMS: dict[ProblemCode, ProblemType] = {
    _C.INVALID_REQUEST: ProblemType(422, "The request has a field that is missing or wrong", _E.USER_FIXABLE, False),
    _C.MALFORMED_BODY: ProblemType(400, "The body could not be read", _E.USER_FIXABLE, False),
    _C.PAYLOAD_TOO_LARGE: ProblemType(413, "The request is too large", _E.USER_FIXABLE, False),
    _C.UNSUPPORTED_MEDIA_TYPE: ProblemType(415, "This content type is not accepted", _E.USER_FIXABLE, False),
    _C.METHOD_NOT_ALLOWED: ProblemType(405, "This method is not allowed here", _E.USER_FIXABLE, False),
    _C.NOT_ACCEPTABLE: ProblemType(406, "No acceptable representation", _E.USER_FIXABLE, False),
    _C.UNAUTHENTICATED: ProblemType(401, "A valid token is needed", _E.NOT_AUTHORISED, False),
    _C.TOKEN_EXPIRED: ProblemType(401, "The token has expired", _E.NOT_AUTHORISED, False),
    _C.FORBIDDEN: ProblemType(403, "This is not allowed", _E.NOT_AUTHORISED, False),
    _C.INSUFFICIENT_SCOPE: ProblemType(403, "The token lacks the needed scope", _E.NOT_AUTHORISED, False),
    _C.NOT_FOUND: ProblemType(404, "There is no such thing", _E.NOT_FOUND, False),
    _C.ORDER_NOT_FOUND: ProblemType(404, "No such order for this customer", _E.NOT_FOUND, False),
    _C.INVOICE_NOT_FOUND: ProblemType(404, "No such invoice for this customer", _E.NOT_FOUND, False),
    _C.LINK_EXPIRED: ProblemType(410, "This link is no longer valid", _E.USER_FIXABLE, False),
    _C.CONFLICT: ProblemType(409, "The request conflicts with the current state", _E.USER_FIXABLE, False),
    _C.ALREADY_DECIDED: ProblemType(409, "This was already decided", _E.USER_FIXABLE, False),
    _C.WAITS_FOR_STAFF: ProblemType(409, "Staff decide about this", _E.USER_FIXABLE, False),
    _C.CONFIRMATION_REQUIRED: ProblemType(403, "The customer has not confirmed this", _E.NOT_AUTHORISED, False),
    _C.APPROVAL_REQUIRED: ProblemType(403, "Staff have not approved this", _E.NOT_AUTHORISED, False),
    _C.GRANT_INVALID: ProblemType(403, "The grant does not cover this effect", _E.NOT_AUTHORISED, False),
    _C.IDEMPOTENCY_KEY_MISSING: ProblemType(400, "An Idempotency-Key is needed", _E.USER_FIXABLE, False),
    _C.IDEMPOTENCY_KEY_REUSED: ProblemType(422, "This Idempotency-Key was for another request", _E.USER_FIXABLE, False),
    _C.IDEMPOTENCY_IN_FLIGHT: ProblemType(409, "The first request with this key is still running", _E.TRANSIENT, True),
    _C.NOT_REFUNDABLE: ProblemType(422, "This amount cannot be refunded", _E.USER_FIXABLE, False),
    _C.REFUND_NOT_FOUND: ProblemType(404, "No such refund for this customer", _E.NOT_FOUND, False),
    _C.ARGUMENT_REMOVED: ProblemType(422, "This argument was removed; use its replacement", _E.USER_FIXABLE, False),
    _C.CONTRACT_VERSION: ProblemType(421, "Another release of this service is being put in place", _E.TRANSIENT, True),
    _C.RATE_LIMITED: ProblemType(429, "Too many requests", _E.TRANSIENT, True),
    _C.OVERLOADED: ProblemType(503, "The service is busy", _E.TRANSIENT, True),
    _C.DEPENDENCY_DOWN: ProblemType(503, "Something this service needs is down", _E.TRANSIENT, True),
    _C.CIRCUIT_OPEN: ProblemType(503, "This tool is resting after repeated errors", _E.TRANSIENT, True),
    _C.DEADLINE_EXCEEDED: ProblemType(504, "This took too long", _E.TIMEOUT, True),
    _C.INDEX_UNAVAILABLE: ProblemType(503, "The knowledge index is empty, stale or down", _E.TRANSIENT, True),
    _C.KEY_UNAVAILABLE: ProblemType(503, "Sealed data cannot be read at the moment", _E.TRANSIENT, True),
    _C.TOOL_UNKNOWN: ProblemType(404, "There is no such tool", _E.INTERNAL, False),
    _C.TOOL_SWITCHED_OFF: ProblemType(503, "This is switched off for now", _E.TRANSIENT, True),
    _C.NOT_IMPLEMENTED: ProblemType(501, "This tool is not available in this installation", _E.INTERNAL, False),
    _C.INTERNAL: ProblemType(500, "Something went wrong on our side", _E.INTERNAL, True),
}  # fmt: skip


class FieldError(OpenModel):
    """One wrong field: where (`/items/0/amount`, a JSON pointer) and what is wrong with it."""

    pointer: str
    detail: str


class Problem(OpenModel):
    """An RFC 9457 problem. `detail` is written for a person and never carries a stack trace or upstream text.

    `can_mail`: who sends the same message again with an address has its answer by e-mail; else it is left out.
    """

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    code: ProblemCode
    detail: str = ""
    trace_id: str = ""
    retryable: bool = False
    retry_after_s: float | None = None
    errors: tuple[FieldError, ...] = ()
    can_mail: bool | None = None


def problem(code: ProblemCode, detail: str = "", *, trace_id: str = "", retry_after_s: float | None = None,
            errors: tuple[FieldError, ...] = ()) -> Problem:  # fmt: skip
    """The problem body for `code`, with its status, title and `retryable` from `PROBLEMS`."""
    kind = PROBLEMS[code]
    return Problem(
        type=f"urn:aiguy:problem:{code.value}", title=kind.title, status=kind.status, code=code, detail=detail,
        trace_id=trace_id, retryable=kind.retryable, retry_after_s=retry_after_s, errors=errors,
    )  # fmt: skip

"""The HTTP headers that our services read and write, spelled once."""

AUTHORIZATION = "authorization"
IDEMPOTENCY_KEY = "idempotency-key"
#: Present (`true`) on an answer that was stored by an earlier call with the same key.
IDEMPOTENT_REPLAYED = "idempotent-replayed"
REQUEST_ID = "x-request-id"
#: Milliseconds that the caller is still willing to wait; the callee gives up by itself when they are over.
DEADLINE_MS = "x-aiguy-deadline-ms"
#: The signed grant that names the exact effect which was confirmed (and approved); writes only.
GRANT = "x-aiguy-grant"
#: What a tool that answers later (202) calls `POST /api/agent/tools/callback` with, as its bearer token.
CALLBACK = "x-aiguy-callback"
#: The release of the tool's contract that a call was planned with: `1.2.0`. Who serves an older one says so.
CONTRACT = "x-aiguy-contract"
#: Which client spoke which contract version, for the telemetry of deprecations: `orchestrator/0.1.0`.
CLIENT = "x-aiguy-client"
#: On an answer to a call that gave deprecated arguments: since when (RFC 9745), and when they stop to work (RFC 8594).
DEPRECATION = "deprecation"
SUNSET = "sunset"
LAST_EVENT_ID = "last-event-id"
RETRY_AFTER = "retry-after"

"""What waits in the outbox, and what was given up."""

from servicekit.telemetry.numbers import Number
from tickets.outbox.message import Kind

NUMBERS = (
    Number(
        "aiguy_outbox_messages", "Messages that were not delivered: still waiting, or given up; of the last 10,000.",
        "SELECT kind, state, count(*) FROM outbox WHERE state <> 'sent'"
        " AND place > (SELECT max(place) - 10000 FROM outbox) GROUP BY kind, state",
        ("kind", "state"), tuple((kind.value, state) for kind in Kind for state in ("waiting", "failed")),
    ),
    Number(
        "aiguy_outbox_oldest_seconds", "For how long the oldest message that is not delivered has waited.",
        "SELECT kind, extract(epoch FROM now() - min(created_at)) FROM outbox WHERE state = 'waiting' GROUP BY kind",
        ("kind",), tuple((kind.value,) for kind in Kind),
    ),
)  # fmt: skip

"""The audit record: append-only, hash-chained over the stored bytes. `record` writes it, `verify` checks it."""

from servicekit.audit.record import erase_subject, record
from servicekit.audit.verify import AUDIT, verify

__all__ = ["AUDIT", "erase_subject", "record", "verify"]

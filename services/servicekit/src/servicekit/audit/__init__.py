"""The audit record: append-only, hash-chained over the stored bytes. `record` writes it, `verify` checks it."""

from servicekit.audit.record import erase_subject, record
from servicekit.audit.verify import AuditReport, Break, Checkpoint, verify

__all__ = ["AuditReport", "Break", "Checkpoint", "erase_subject", "record", "verify"]

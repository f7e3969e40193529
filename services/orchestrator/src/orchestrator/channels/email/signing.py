"""Who may hand mails in: signatures as of Standard Webhooks (standardwebhooks.com), fresh ones only. Pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

#: How far the sender's clock may be off, in seconds.
WINDOW_S = 300
_PREFIX, _VERSION = "whsec_", "v1,"
_LEAST_BYTES, _MOST_BYTES = 24, 64
_MAX_ID, _MOST_SIGNATURES = 200, 5


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """The key that the mail server has too."""

    key: bytes = field(repr=False)

    @classmethod
    def read(cls, text: str) -> Self:
        """`whsec_` and 24 to 64 bytes in base64. Raises ValueError, which does not quote it."""
        encoded = text.strip().removeprefix(_PREFIX)
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not text.strip().startswith(_PREFIX) or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
            raise ValueError(f"{_PREFIX} and {_LEAST_BYTES} to {_MOST_BYTES} bytes in base64 are needed")
        return cls(key)

    def signature(self, delivery_id: str, timestamp: str, body: bytes) -> str:
        """The header `webhook-signature` of one delivery; `timestamp` is in Unix seconds."""
        signed = hmac.digest(self.key, f"{delivery_id}.{timestamp}.".encode() + body, hashlib.sha256)
        return _VERSION + base64.b64encode(signed).decode()

    def verified(self, headers: Mapping[str, str], body: bytes, now_s: float) -> str | None:
        """The signature of a delivery that is ours and fresh; None for any other."""
        delivery_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not 0 < len(delivery_id) <= _MAX_ID or not (timestamp.isascii() and timestamp.isdecimal()):
            return None
        if len(timestamp) > 12 or abs(now_s - int(timestamp)) > WINDOW_S:
            return None
        expected = self.signature(delivery_id, timestamp, body)
        sent = headers.get("webhook-signature", "").split(" ")[:_MOST_SIGNATURES]
        matches = [hmac.compare_digest(one.encode(), expected.encode()) for one in sent]
        return expected if any(matches) else None

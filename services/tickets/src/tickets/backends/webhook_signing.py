"""Signatures of Standard Webhooks (standardwebhooks.com): the receiver knows that it was us, and when."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Self

_PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """The key that both sides have."""

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

    def sign(self, message_id: str, timestamp: int, body: bytes) -> str:
        """The header `webhook-signature`; `timestamp` is in Unix seconds."""
        signed = hmac.digest(self.key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
        return f"v1,{base64.b64encode(signed).decode()}"

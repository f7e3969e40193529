"""The one id of a refund, in every hop from the call to the provider's books."""

import base64
import hashlib

from servicekit.auth.claims import Caller

_LENGTH = 26


def refund_request_id(caller: Caller, idempotency_key: str) -> str:
    """`rfd_` and 26 letters and digits: the same call of the same caller is the same refund for ever."""
    digest = hashlib.sha256(f"{caller.issuer}|{caller.subject}|{idempotency_key}".encode()).digest()
    return f"rfd_{base64.b32encode(digest).decode().lower()[:_LENGTH]}"

"""Who may deliver events: Slack signs them with the app's signing secret, and fresh ones only are taken."""

from collections.abc import Mapping

from slack_sdk.signature import Clock, SignatureVerifier

_AT, _SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Whether Slack sent these very bytes, at most five minutes from `now_s` (Unix seconds)."""
    at, signature = headers.get(_AT, ""), headers.get(_SIGNATURE, "")
    if not (at.isascii() and at.isdecimal()) or len(at) > 12 or not signature.isascii():
        return False
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False  # Slack never sends such a body
    return bool(SignatureVerifier(secret, _At(now_s)).is_valid(body=text, timestamp=at, signature=signature))


class _At(Clock):
    def __init__(self, now_s: float) -> None:
        self._now_s = now_s

    def now(self) -> float:
        return self._now_s

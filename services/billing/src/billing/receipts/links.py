"""Signed links to receipts: long-lived, for whoever holds them, and for one receipt each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from billing.links import check_signed
from servicekit.crypto import sign_link

LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class ReceiptLinks:
    """Makes and checks links below `public_url`, which has no slash at its end."""

    public_url: str
    secret: bytes

    def make(self, refund_id: str, now: datetime) -> str:
        """A link that is good for 90 days."""
        expires = int((now + LIFE).timestamp())
        query = urlencode({"expires": expires, "signature": sign_link(self.secret, _path(refund_id), expires)})
        return f"{self.public_url}{_path(refund_id)}?{query}"

    def check(self, refund_id: str, *, expires: str, signature: str, now: datetime) -> None:
        """Raises ProblemError(FORBIDDEN) unless we signed exactly this, then LINK_EXPIRED when its time is over."""
        check_signed(self.secret, _path(refund_id), expires=expires, signature=signature, now=now)


def _path(refund_id: str) -> str:
    return f"/receipts/{refund_id}"

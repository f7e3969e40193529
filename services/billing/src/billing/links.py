"""Signed links to invoices. A link works for one file, for ten minutes, for as long as the file is its owner's;
it names the owner only as a keyed hash that is different for each file.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from billing.backends.port import Invoice
from billing.errors import link_expired, link_invalid
from servicekit.crypto import hash_subject, sign_link, verify_link

LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Link:
    """A link and when it ends (UTC, whole seconds)."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceLinks:
    """Makes and checks links below `public_url`, which has no slash at its end."""

    public_url: str
    secret: bytes

    def make(self, invoice: Invoice, now: datetime) -> Link:
        """A link to the invoice for its owner."""
        expires_at = (now + LIFE).replace(microsecond=0)
        expires, owner = int(expires_at.timestamp()), self._owner(invoice)
        signature = sign_link(self.secret, _signed(invoice.number, owner), expires)
        query = urlencode({"expires": expires, "owner": owner, "signature": signature})
        return Link(f"{self.public_url}{_path(invoice.number)}?{query}", expires_at)

    def check(self, number: str, *, expires: str, owner: str, signature: str, now: datetime) -> None:
        """Raises ProblemError(FORBIDDEN) unless we signed exactly this, then LINK_EXPIRED when its time is over."""
        check_signed(self.secret, _signed(number, owner), expires=expires, signature=signature, now=now)

    def check_owner(self, invoice: Invoice, owner: str) -> None:
        """Raises ProblemError(FORBIDDEN) when the invoice is no longer of whom the link was made for."""
        if owner != self._owner(invoice):
            raise link_invalid()

    def _owner(self, invoice: Invoice) -> str:
        return hash_subject(self.secret, f"{invoice.number}\n{invoice.customer_id}")


def check_signed(secret: bytes, signed: str, *, expires: str, signature: str, now: datetime) -> None:
    """Raises ProblemError(FORBIDDEN) unless we signed exactly `signed`, then LINK_EXPIRED when its time is over."""
    # The digits are compared as written: 0600 and 600 are not the same link.
    if not (expires.isascii() and expires.isdecimal() and str(int(expires[:12])) == expires):
        raise link_invalid()
    # At time zero no link is over yet: only the signature is asked for, so that "changed" and "expired" can differ.
    if not verify_link(secret, signed, int(expires), signature, now=0):
        raise link_invalid()
    if now.timestamp() >= int(expires):
        raise link_expired()


def _path(number: str) -> str:
    return f"/files/invoices/{number}.pdf"


def _signed(number: str, owner: str) -> str:
    return f"{_path(number)}?owner={owner}"

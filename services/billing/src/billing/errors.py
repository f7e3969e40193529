"""The errors of billing, each written once so that nothing can be told from a difference between two of them."""

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError


def invoice_not_found() -> ProblemError:
    """Said alike of an unknown invoice or order, of another customer's, and of an order that has no invoice yet."""
    return ProblemError(ProblemCode.INVOICE_NOT_FOUND, "There is no such invoice among this customer's invoices.")


def link_invalid() -> ProblemError:
    """Said alike of each way in which a link can be wrong."""
    return ProblemError(ProblemCode.FORBIDDEN, "This link was changed or is not one of ours.")


def link_expired() -> ProblemError:
    """Said of a link that was right once."""
    return ProblemError(ProblemCode.LINK_EXPIRED, "This link has expired. Ask for the invoice again to get a new one.")

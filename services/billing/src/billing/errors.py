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
    return ProblemError(ProblemCode.LINK_EXPIRED, "This link has expired. Ask again to get a new one.")


def charge_not_found() -> ProblemError:
    """Said alike of an unknown order, of another customer's, and of one that nothing was paid for."""
    return ProblemError(ProblemCode.ORDER_NOT_FOUND, "There is no such order among this customer's paid orders.")


def refund_not_found() -> ProblemError:
    """Said alike of an unknown refund, of another customer's, and of an order without one."""
    return ProblemError(ProblemCode.REFUND_NOT_FOUND, "There is no such refund among this customer's refunds.")


def not_refundable(detail: str) -> ProblemError:
    """Said of the customer's own order only."""
    return ProblemError(ProblemCode.NOT_REFUNDABLE, detail)


def books_incomplete() -> ProblemError:
    """After a restore, until what was given back meanwhile is known again."""
    return ProblemError(ProblemCode.DEPENDENCY_DOWN, "Refunds cannot be made for some minutes.", retry_after_s=30)


def already_decided(detail: str) -> ProblemError:
    """Said of the customer's own refund that no longer waits."""
    return ProblemError(ProblemCode.ALREADY_DECIDED, detail)

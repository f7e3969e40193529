"""The errors of orders, each written once so that nothing can be told from a difference between two of them."""

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError


def order_not_found() -> ProblemError:
    """Said alike of an unknown order, of another customer's, and of an e-mail that is not the caller's own."""
    return ProblemError(ProblemCode.ORDER_NOT_FOUND, "There is no such order among this customer's orders.")

"""People of the demo shop, and new ones who have nothing there."""

import secrets

from onebox.keys import ADA, BEN, Person
from servicekit.auth.claims import Role

__all__ = ["ADA", "BEN", "Person", "guest", "stranger"]


def stranger() -> Person:
    """A customer whom nobody knows: tests that need no orders do not get into each other's way."""
    name = f"cust_{secrets.token_hex(6)}"
    return Person(name, Role.CUSTOMER, "Sam Stranger", f"{name}@example.com")


def guest() -> Person:
    """Somebody who is not signed in."""
    return Person(f"guest_{secrets.token_hex(16)}", Role.GUEST)

"""The persons of the demo shop: whose orders its rows are, and who a demonstration lets one be."""

from dataclasses import dataclass

from servicekit.auth.claims import Role


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo shop."""

    subject: str
    role: Role
    name: str | None = None
    email: str | None = None


ADA = Person("cust_ada", Role.CUSTOMER, "Ada Moreno", "ada@example.com")
BEN = Person("cust_ben", Role.CUSTOMER, "Ben Okafor", "ben@example.com")
GUEST = Person("guest_demo", Role.GUEST)
KIM = Person("staff_kim", Role.STAFF, "Kim Weber", "kim@shop.example")
LEE = Person("staff_lee", Role.STAFF, "Lee Park", "lee@shop.example")

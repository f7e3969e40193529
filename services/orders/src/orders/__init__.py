"""Orders: the customer's own orders, from the shop's database."""

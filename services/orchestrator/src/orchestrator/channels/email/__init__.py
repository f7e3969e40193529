"""E-mail: customers write to the shop's address, and are answered in the same thread."""

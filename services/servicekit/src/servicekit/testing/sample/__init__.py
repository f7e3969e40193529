"""A service that exists for the kit's own tests: nothing but the kit's tables and a small one of its own."""

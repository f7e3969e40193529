"""Guards: deterministic checks that stand between the customer, the Brain and the answer."""

"""Refunds as a whole, for whoever looks back: the policy in force, what another would have said, sums."""

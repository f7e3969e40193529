"""The policies that are in force, and those that were: what staff may read of the rules, and when they changed."""

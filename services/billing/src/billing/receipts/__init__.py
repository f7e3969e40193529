"""Receipts: what was done, under which clause, approved by whom; signed, and shown behind a link."""

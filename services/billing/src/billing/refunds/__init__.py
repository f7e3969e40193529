"""Refunds: who may have one, what states it goes through, and how it is carried out exactly once."""

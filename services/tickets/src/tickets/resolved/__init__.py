"""Tickets that are resolved: how they become so, and how they are found by a question, without personal data."""

"""Tickets: tickets, hand-over to people, notices."""

"""Billing: invoices and refunds."""

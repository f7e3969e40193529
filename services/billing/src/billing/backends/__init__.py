"""Where invoices and charges live: a port, and one adapter per system."""

"""Who moves the money back: a port, and one adapter per payment provider."""

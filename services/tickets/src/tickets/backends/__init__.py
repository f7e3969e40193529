"""Where tickets live: a port, and one adapter per system."""

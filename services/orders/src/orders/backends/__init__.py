"""Where orders live: a port, and one adapter per system."""

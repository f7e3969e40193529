"""HTTP to other services: clients behind one port, deadlines, retries, breakers."""

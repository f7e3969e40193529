"""The parts of the load tests: the stack, the swarm that loads it, what both cost, and what is judged."""

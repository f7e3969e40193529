"""The parts of the front door's bench."""

"""Effects: one file each, the only place where what a turn wants meets the world. `runner.py` dispatches."""

"""The orchestrator: a turn is a state machine over a journal. Start reading at `turn/loop.py`."""

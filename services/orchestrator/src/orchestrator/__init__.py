"""The orchestrator: a turn is a state machine over a journal."""

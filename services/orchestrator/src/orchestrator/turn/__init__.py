"""The turn: a pure state machine. `machine.py` decides, `loop.py` runs it over a journal; nothing here does I/O.

Everything that can change a transition is in this folder: `inputs.py` what happened, `state.py` where the turn
stands, `effects.py` what it wants done next, `budgets.py` what it may spend.
"""

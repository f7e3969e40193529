"""Recorded turns, run again.

`recording.py` is what is known of one, `identical.py` proves that it decides as it did, `words.py` says a step in
words. `forking.py` runs one with something changed, and `comparing.py` says what came out differently, of one turn and
of many. `rules.py` brings a turn and other policies together, `anew.py` other Brains and tools: these think in
`sandbox.py`. `reading.py`, `earlier.py` and `spending.py` read rows; nothing writes, and only a model is ever asked.
"""

"""Recorded turns, run again without I/O.

`recording.py` is what is known of one, `identical.py` proves that it decides as it did, `words.py` says a step in
words. `forking.py` runs one with something changed (`changes.py`), and `comparing.py` says what came out
differently, of one turn and of many. `rules.py` brings a turn and other policies together; it, `reading.py` and
`spending.py` read rows, all else is pure.
"""

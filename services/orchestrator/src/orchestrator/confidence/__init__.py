"""How sure we are of an answer, and what follows. Pure: signals, their weights per tier, thresholds and their tuning.

`judging.py` makes the bundle, `repeats.py` finds loops, `policy.py` reads `policy/escalation.yaml`; `tuning.py` finds
thresholds in labelled turns and `intervals.py` says what the labels can carry.
"""

"""The one place where the parts of the product agree on anything.

A *tool* is a `ToolContract` (`tool.py`); all of them are in `registry.py`; their inputs and
outputs are in `tools/`. What goes wrong has a code in `errors.py`; what a turn proposes and
streams is in `turn.py`. This package depends on pydantic and on nothing of ours.
"""

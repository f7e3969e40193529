"""What is switched on, off or to shadow mode: tools, channels, phases. `deciding.py` is the policy, `board.py` what a
process knows; only `tools/gateway.py` acts on it, so that nothing runs by another way.
"""

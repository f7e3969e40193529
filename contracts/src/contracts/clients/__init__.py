"""How Python callers reach the tools: `port.py` is the one method to implement, `generated.py` names each tool."""

"""The inputs and outputs of every tool, one module per family."""

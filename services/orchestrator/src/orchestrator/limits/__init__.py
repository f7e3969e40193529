"""What may be spent and how often may be asked. The rules are in `policy/limits.yaml`; `deciding.py` applies them."""

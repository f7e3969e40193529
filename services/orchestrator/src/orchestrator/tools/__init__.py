"""The only way from a turn to the Hands: `catalog.py` knows what there is, `gateway.py` makes the call.

`authorise.py` decides who may be offered and may call what, `validation.py` checks arguments and answers,
`failures.py` turns every trouble into one of our codes. Nothing here trusts the model, or a service.
"""

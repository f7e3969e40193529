"""What may not leave in an answer, whatever carries its sentences. Pure functions of text; no model, no network.

rule.py, allowed.py         the rules by name; what this turn makes allowed
forms.py                    a text in the forms in which something could hide in it
credentials.py, internals.py, personal.py, links.py, markup.py, abuse.py   one rule each, over a text
promises.py                 promises and statements about money, and what must carry them
policy.py                   the policy files, read once
screening.py                all rules over a text: what is cut out, what is broken
"""

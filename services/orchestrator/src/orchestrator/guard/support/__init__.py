"""Whether each sentence of an answer is carried by what the turn observed. Pure, deterministic, a few milliseconds.

words.py, facts.py, polarity.py  what a sentence says, in comparable form
evidence.py                      the passages, cut into units; everything else that was observed, as facts
spans.py                         the span of a passage that carries a claim best
kinds.py                         talk and source lines, which need no support
checking.py                      the verdict on each sentence
repairing.py                     the text without what is not supported
"""

"""The guard on what customers write: pure rules over words, no model, well below a millisecond."""

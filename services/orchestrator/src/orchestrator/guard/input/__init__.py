"""The guard on what customers write: pure rules over words, no model, about a millisecond for a long message."""

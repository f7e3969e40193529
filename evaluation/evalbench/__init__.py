"""Conversations with known ends, held with the whole product, and what comes of them in numbers."""

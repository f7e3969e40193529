"""Vector stores behind one port."""

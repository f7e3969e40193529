"""Every endpoint, tried by every kind of caller on what belongs to others."""

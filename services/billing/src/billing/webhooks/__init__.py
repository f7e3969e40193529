"""What payment providers tell us by themselves."""

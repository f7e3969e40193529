"""Everything on one machine, on embedded real servers."""

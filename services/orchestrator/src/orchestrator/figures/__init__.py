"""How well it goes, from the rows that turns leave: how conversations ended, who fetched people, what it cost."""

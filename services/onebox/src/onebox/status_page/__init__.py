"""The page that shows how a stack on this machine goes."""

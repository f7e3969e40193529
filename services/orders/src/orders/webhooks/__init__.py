"""What shop systems tell us of their own accord."""

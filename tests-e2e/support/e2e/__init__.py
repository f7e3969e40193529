"""What the end-to-end tests share: the running machine, its visitors, and the facts behind them."""

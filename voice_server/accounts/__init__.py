"""People: their addresses and passwords, how they log in, and the tokens that say who they are."""

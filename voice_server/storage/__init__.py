"""Where things are kept: one Protocol for each kind of thing, and what implements it."""

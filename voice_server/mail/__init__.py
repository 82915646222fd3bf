"""Letters to people: an outbox that survives a crash, and the ways out of it."""

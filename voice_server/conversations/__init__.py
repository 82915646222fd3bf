"""What was said, kept for good: the log of every conversation, and the history that people read."""

"""What is remembered of customers from one conversation to the next."""

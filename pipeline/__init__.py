"""One voice conversation: audio in, audio out, without a web framework and without a database."""

"""One HTML file from what was measured: it needs no network, and everything in it can be computed again from itself."""

"""Other voice systems as targets, each in a process and an environment of its own."""

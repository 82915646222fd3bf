"""Whether conversations survive what happens to servers: tasks that are killed or replaced, storage that goes away."""

"""What several tasks of one server share while it runs: in Redis, or in this process where it is the only one."""

"""What people allow, take with them and have erased; what is kept for how long; and who saw it."""

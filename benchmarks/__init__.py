"""How fast the server is and how much of it fits on a machine, and the stand-ins for vendors that this takes."""

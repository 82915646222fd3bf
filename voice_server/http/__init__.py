"""What every HTTP request goes through: errors, origins, bodies, uploads, admission and a name."""

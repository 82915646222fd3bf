"""Galion: chemistry, physics and mathematics by voice."""

"""Servers that speak the vendors' APIs, with chosen delays, chosen answers and chosen faults."""

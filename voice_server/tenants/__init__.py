"""Tenants: whose assistant it is, how it is held, who belongs to it, and how much it may use."""

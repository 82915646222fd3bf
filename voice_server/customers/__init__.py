"""Customers of tenants: by what they are recognised, and that two who turn out to be one become one."""

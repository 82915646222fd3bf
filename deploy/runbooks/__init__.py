"""The runbooks, and the tables in them that are computed."""

-- A server that owns nothing finds out whether the database is as new as itself.
GRANT SELECT ON schema_migrations TO voice_app;

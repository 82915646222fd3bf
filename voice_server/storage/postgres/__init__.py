"""PostgreSQL: the only database. One pool, migrations, and statements in files of their own."""

-- Access that ended before its token expires.

-- name: end_access
INSERT INTO ended_access (subject, ended_at)
SELECT unnest($1::uuid[]), clock_timestamp() + interval '1 second'
ON CONFLICT (subject) DO UPDATE SET ended_at = excluded.ended_at

-- name: recent
SELECT subject, extract(epoch FROM ended_at)::float8 AS ended_at
FROM ended_access WHERE ended_at > now() - interval '20 minutes'

-- name: sweep
DELETE FROM ended_access WHERE ended_at < now() - interval '1 hour'

-- Exports as objects.

-- name: put_export
INSERT INTO stored_objects (key, tenant_id, customer_id, owner, kind, content_type, bytes, expires_at)
VALUES ($1, $2, $3, $4, 'export', $5, $6, now() + make_interval(secs => $7))
ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes, expires_at = excluded.expires_at

-- name: expired
SELECT key FROM stored_objects WHERE expires_at < now() ORDER BY expires_at LIMIT $1

-- name: forget
DELETE FROM stored_objects WHERE key = ANY ($1::text[])

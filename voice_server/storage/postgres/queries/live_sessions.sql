-- Sessions that a client may go on with on any task, by the digest of its token.

-- name: begin
INSERT INTO live_sessions (id, tenant_id, conversation_id, token_digest, holder, principal, expires_at)
SELECT $1, $2, id, $4, $5, $6, now() + make_interval(secs => $7)
FROM conversations WHERE id = $3 AND tenant_id = $2
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: find
SELECT id, tenant_id, conversation_id, principal
FROM live_sessions WHERE token_digest = $1 AND expires_at > now()

-- name: keep
UPDATE live_sessions SET holder = $2, expires_at = now() + make_interval(secs => $3) WHERE id = $1

-- name: holder
SELECT holder FROM live_sessions WHERE id = $1

-- name: end
DELETE FROM live_sessions WHERE id = $1

-- name: forget_expired
DELETE FROM live_sessions WHERE expires_at < now()

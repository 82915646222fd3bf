-- Keys for browsers.

-- name: issue
INSERT INTO client_secrets (digest, tenant_id, principal, session_config, expires_at)
SELECT $1, $2, $3, $4, now() + make_interval(secs => $5)
WHERE (SELECT count(*) FROM client_secrets WHERE tenant_id = $2 AND expires_at > now()) < $6
RETURNING floor(extract(epoch FROM expires_at))::bigint

-- name: find
-- Of whichever tenant: the secret tells.
SELECT principal, session_config
FROM client_secrets JOIN tenants ON tenants.id = client_secrets.tenant_id
WHERE digest = $1 AND expires_at > now() AND tenants.closed_at IS NULL

-- name: sweep
DELETE FROM client_secrets WHERE expires_at <= now()

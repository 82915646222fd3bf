-- Keys of tenants.

-- name: find
-- Of whichever tenant: the key tells.
SELECT api_keys.id, api_keys.tenant_id, api_keys.scopes,
    last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS is_due
FROM api_keys JOIN tenants ON tenants.id = api_keys.tenant_id
WHERE digest = $1 AND revoked_at IS NULL AND tenants.closed_at IS NULL

-- name: use
UPDATE api_keys SET last_used_at = now()
WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')

-- name: create
INSERT INTO api_keys (tenant_id, name, digest, hint, scopes, created_by)
SELECT $1, $2, $3, $4, $5, $6
WHERE (SELECT count(*) FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL) < $7
RETURNING id, name, hint, scopes, created_at, created_by, last_used_at, revoked_at

-- name: list
SELECT id, name, hint, scopes, created_at, created_by, last_used_at, revoked_at
FROM api_keys
WHERE tenant_id = $1 AND (revoked_at IS NULL OR revoked_at > now() - interval '30 days')
ORDER BY created_at DESC, id
LIMIT 1000

-- name: revoke
UPDATE api_keys SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING digest

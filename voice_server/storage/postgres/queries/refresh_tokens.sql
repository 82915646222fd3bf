-- Log-ins. One family for each; whoever changes one locks its account first, so that they happen one after the other.

-- name: add
INSERT INTO refresh_tokens (digest, family, account_id, tenant_id, expires_at)
VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))

-- name: find
SELECT account_id, tenant_id FROM refresh_tokens WHERE digest = $1

-- name: state
SELECT refresh_tokens.family,
    refresh_tokens.revoked_at IS NOT NULL AS revoked,
    refresh_tokens.expires_at <= now() AS expired,
    extract(epoch FROM clock_timestamp() - refresh_tokens.used_at)::float8 AS used_seconds_ago,
    coalesce(
        successor.used_at IS NULL AND successor.revoked_at IS NULL AND successor.expires_at > now(), false
    ) AS successor_is_fresh,
    successor.digest AS successor,
    tenants.closed_at IS NULL AS tenant_is_open
FROM refresh_tokens
JOIN tenants ON tenants.id = refresh_tokens.tenant_id
LEFT JOIN refresh_tokens AS successor ON successor.digest = ANY($2::bytea[]) AND successor.family = refresh_tokens.family
WHERE refresh_tokens.digest = $1

-- name: use
UPDATE refresh_tokens SET used_at = clock_timestamp() WHERE digest = $1

-- name: end_family
UPDATE refresh_tokens SET revoked_at = now() WHERE family = $1 AND revoked_at IS NULL

-- name: end_all
UPDATE refresh_tokens SET revoked_at = now() WHERE account_id = $1 AND revoked_at IS NULL RETURNING family

-- name: sweep
DELETE FROM refresh_tokens WHERE expires_at < now() - interval '1 day'

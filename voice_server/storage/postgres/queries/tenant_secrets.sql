-- Provider keys and the like; what is kept of them is sealed.

-- name: put
INSERT INTO tenant_secrets (tenant_id, name, ciphertext, hint) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, name) DO UPDATE
SET ciphertext = excluded.ciphertext, hint = excluded.hint, updated_at = now()
RETURNING name, hint, updated_at

-- name: list
SELECT name, hint, updated_at FROM tenant_secrets WHERE tenant_id = $1 ORDER BY name

-- name: sealed
SELECT name, ciphertext FROM tenant_secrets WHERE tenant_id = $1

-- name: sealed_before
SELECT tenant_id, name, ciphertext AS sealed FROM tenant_secrets
WHERE substr(ciphertext, 1, length($1::bytea)) <> $1 FOR UPDATE

-- name: reseal
UPDATE tenant_secrets SET ciphertext = $1 WHERE tenant_id = $2 AND name = $3

-- name: delete
DELETE FROM tenant_secrets WHERE tenant_id = $1 AND name = $2 RETURNING name

-- Who belongs to a tenant, as what.

-- name: find_account
-- Among all accounts: whoever is to join is not yet seen by the tenant.
SELECT id FROM accounts WHERE lower(email) = $1 AND verified_at IS NOT NULL AND disabled_at IS NULL

-- name: list
SELECT account_id, email, name, role, memberships.created_at
FROM memberships JOIN accounts ON accounts.id = account_id
WHERE tenant_id = $1 AND account_id > $2 AND ($3::text IS NULL OR role = $3)
ORDER BY account_id LIMIT $4

-- name: find
SELECT account_id, email, name, role, memberships.created_at
FROM memberships JOIN accounts ON accounts.id = account_id
WHERE tenant_id = $1 AND account_id = $2

-- name: put
INSERT INTO memberships (tenant_id, account_id, role) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, account_id) DO UPDATE SET role = excluded.role

-- name: other_admins
SELECT count(*) FROM memberships WHERE tenant_id = $1 AND role = 'admin' AND account_id <> $2

-- name: remove
DELETE FROM memberships WHERE tenant_id = $1 AND account_id = $2

-- name: revoke_log_ins
UPDATE refresh_tokens SET revoked_at = now() WHERE tenant_id = $1 AND account_id = $2 AND revoked_at IS NULL

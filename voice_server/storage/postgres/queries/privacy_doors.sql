-- Shutting the doors of somebody who is about to be erased.

-- name: lock_tenants
SELECT tenants.id FROM tenants JOIN memberships ON tenant_id = tenants.id
WHERE account_id = $1 AND role = 'admin' ORDER BY tenants.id FOR NO KEY UPDATE OF tenants

-- name: only_admin_of
SELECT slug FROM tenants JOIN memberships AS own ON own.tenant_id = tenants.id
WHERE own.account_id = $1 AND own.role = 'admin' AND tenants.closed_at IS NULL AND NOT EXISTS (
    SELECT FROM memberships AS other JOIN accounts ON accounts.id = other.account_id
    WHERE other.tenant_id = tenants.id AND other.role = 'admin' AND other.account_id <> $1
        AND accounts.disabled_at IS NULL
)
ORDER BY slug

-- name: step_down
-- So that nobody counts on them as an admin while they are being erased.
UPDATE memberships SET role = 'customer' WHERE account_id = $1

-- People and what they may do. All of these run where every tenant is seen: who logs in belongs to no tenant yet.

-- name: find_tenant
SELECT id FROM tenants WHERE slug = $1 AND closed_at IS NULL

-- name: find_by_email
SELECT id, language, verified_at FROM accounts WHERE lower(email) = $1 AND disabled_at IS NULL

-- name: find_for_log_in
SELECT id, password_hash FROM accounts WHERE lower(email) = $1 AND disabled_at IS NULL

-- name: lock
SELECT accounts.email, password_hash, is_operator, disabled_at, memberships.role,
    extract(epoch FROM now())::float8 AS now
FROM accounts
LEFT JOIN memberships ON memberships.account_id = accounts.id AND memberships.tenant_id = $2
WHERE accounts.id = $1
FOR NO KEY UPDATE OF accounts

-- name: register
INSERT INTO accounts (email, password_hash) SELECT $1, $2 WHERE $3::boolean ON CONFLICT (lower(email)) DO NOTHING

-- name: find_welcome
-- Whoever may register with this tenant: everybody ($3), or those who were invited.
SELECT id, language, verified_at FROM accounts
WHERE lower(email) = $1 AND disabled_at IS NULL
    AND ($3::boolean OR EXISTS (SELECT FROM memberships WHERE account_id = accounts.id AND tenant_id = $2))

-- name: complete_registration
UPDATE accounts
SET password_hash = $2, name = $3, language = $4, time_zone = $5, verified_at = now(), updated_at = now()
WHERE id = $1 AND verified_at IS NULL AND disabled_at IS NULL
RETURNING id

-- name: join
INSERT INTO memberships (tenant_id, account_id, role)
SELECT id, $2, 'customer' FROM tenants WHERE id = $1 AND closed_at IS NULL
ON CONFLICT DO NOTHING

-- name: rehash
UPDATE accounts SET password_hash = $3 WHERE id = $1 AND password_hash = $2

-- name: set_password
UPDATE accounts
SET password_hash = $2, verified_at = coalesce(verified_at, now()), updated_at = now()
WHERE id = $1 AND disabled_at IS NULL
RETURNING email, language

-- name: password_hash
SELECT password_hash, email FROM accounts WHERE id = $1 AND disabled_at IS NULL

-- name: profile
SELECT id, email, name, language, time_zone, verified_at, created_at FROM accounts WHERE id = $1

-- name: edit_profile
UPDATE accounts SET name = $2, language = $3, time_zone = $4, updated_at = now() WHERE id = $1

-- name: memberships
SELECT tenants.id AS tenant_id, tenants.slug, tenants.name, memberships.role
FROM memberships JOIN tenants ON tenants.id = memberships.tenant_id
WHERE memberships.account_id = $1 AND tenants.closed_at IS NULL
ORDER BY tenants.slug

-- name: make_operator
INSERT INTO accounts (email, password_hash, is_operator, verified_at) VALUES ($1, $2, true, now())
ON CONFLICT (lower(email)) DO UPDATE
SET is_operator = true,
    password_hash = coalesce(nullif(excluded.password_hash, '!'), accounts.password_hash),
    verified_at = coalesce(accounts.verified_at, now()),
    disabled_at = NULL,
    updated_at = now()
RETURNING id, password_hash

-- name: disable
UPDATE accounts SET disabled_at = now(), updated_at = now() WHERE id = $1 AND disabled_at IS NULL RETURNING id

-- name: enable
UPDATE accounts SET disabled_at = NULL, updated_at = now() WHERE id = $1 AND disabled_at IS NOT NULL RETURNING id

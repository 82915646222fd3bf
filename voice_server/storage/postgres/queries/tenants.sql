-- Tenants and the versions of their configuration.

-- name: create
INSERT INTO tenants (slug, name) VALUES ($1, $2) ON CONFLICT (slug) DO NOTHING
RETURNING id, slug, name, version, created_at, closed_at

-- name: list
SELECT id, slug, name, version, created_at, closed_at FROM tenants WHERE slug > $1 ORDER BY slug LIMIT $2

-- name: find
SELECT id, slug, name, version, created_at, closed_at FROM tenants WHERE slug = $1

-- name: lock
-- Not against those who only refer to the tenant: conversations go on being written.
SELECT version, closed_at FROM tenants WHERE id = $1 FOR NO KEY UPDATE

-- name: close
UPDATE tenants SET closed_at = now() WHERE id = $1 AND closed_at IS NULL RETURNING id

-- name: count_version
UPDATE tenants SET version = $2 WHERE id = $1

-- name: add_version
INSERT INTO tenant_versions (tenant_id, version, config, created_by) VALUES ($1, $2, $3, $4)
RETURNING version, config, created_at, created_by

-- name: version
SELECT version, config, created_at, created_by FROM tenant_versions WHERE tenant_id = $1 AND version = $2

-- name: versions
SELECT version, created_at, created_by FROM tenant_versions
WHERE tenant_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3

-- name: current
SELECT tenants.version, closed_at, config
FROM tenants LEFT JOIN tenant_versions ON tenant_id = tenants.id AND tenant_versions.version = tenants.version
WHERE tenants.id = $1

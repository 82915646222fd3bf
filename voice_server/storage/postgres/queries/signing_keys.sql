-- Pairs of keys. The age is told by the database's clock, which all tasks share.

-- name: all
SELECT id, public_key, private_key, retired_at IS NOT NULL AS retired,
    extract(epoch FROM now() - created_at)::float8 AS age
FROM signing_keys ORDER BY created_at

-- name: wait_for_turn
SELECT pg_advisory_xact_lock(hashtext('signing_keys'))

-- name: add
INSERT INTO signing_keys (id, public_key, private_key) VALUES ($1, $2, $3)

-- name: retire
UPDATE signing_keys SET retired_at = now(), private_key = '' WHERE id = ANY($1::text[]) AND retired_at IS NULL

-- name: sealed_before
SELECT id, private_key AS sealed FROM signing_keys
WHERE retired_at IS NULL AND substr(private_key, 1, length($1::bytea)) <> $1 FOR UPDATE

-- name: reseal
UPDATE signing_keys SET private_key = $1 WHERE id = $2

-- Whom a tenant's assistant talks to, and by what they are recognised.

-- name: recognise
-- Whoever is known by these. The time is noted only now and then, and never by waiting for somebody else or the disk.
WITH given AS (
    SELECT DISTINCT kind, value FROM unnest($2::text[], $3::text[]) AS given (kind, value)
), known AS (
    SELECT coalesce(customers.merged_into, customers.id) AS id
    FROM given
    JOIN customer_identities AS identity
        ON identity.tenant_id = $1 AND identity.kind = given.kind AND identity.value = given.value
    JOIN customers ON customers.tenant_id = $1 AND customers.id = identity.customer_id
), seen AS (
    UPDATE customers SET last_seen_at = now()
    WHERE tenant_id = $1 AND id IN (
        SELECT id FROM customers
        WHERE tenant_id = $1 AND id IN (SELECT id FROM known) AND last_seen_at < now() - interval '1 minute'
        FOR NO KEY UPDATE SKIP LOCKED
    )
)
SELECT
    count(*) = (SELECT count(*) FROM given) AS is_complete,
    coalesce(array_agg(DISTINCT id), '{}') AS customer_ids,
    set_config('synchronous_commit', 'off', true) AS commits
FROM known

-- name: lock_identities
-- Two tasks that meet the same new person at one moment come one after the other.
SELECT pg_advisory_xact_lock(number) FROM (
    SELECT DISTINCT hashtextextended(concat_ws(' ', 'customer', $1::uuid, kind, value), 0) AS number
    FROM unnest($2::text[], $3::text[]) AS given (kind, value)
    ORDER BY number
) AS numbers

-- name: lock_merging
-- One merge in a tenant at a time: they cannot run in circles, and a chain is never longer than one.
SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'merge', $1::uuid), 0))

-- name: known
SELECT given.place, customers.id AS customer_id, customers.created_at, (
    SELECT coalesce(jsonb_agg(jsonb_build_array(other.kind, other.value)), '[]')
    FROM customer_identities AS other
    WHERE other.tenant_id = $1 AND other.customer_id = customers.id AND other.kind IN ('account', 'subject')
) AS strong
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS given (kind, value, place)
JOIN customer_identities AS identity
    ON identity.tenant_id = $1 AND identity.kind = given.kind AND identity.value = given.value
JOIN customers AS named ON named.tenant_id = $1 AND named.id = identity.customer_id
JOIN customers ON customers.tenant_id = $1 AND customers.id = coalesce(named.merged_into, named.id)
ORDER BY given.place

-- name: create
INSERT INTO customers (tenant_id) VALUES ($1) RETURNING id

-- name: add_identities
INSERT INTO customer_identities (tenant_id, kind, value, customer_id)
SELECT DISTINCT $1::uuid, kind, value, $4::uuid FROM unnest($2::text[], $3::text[]) AS given (kind, value)
ON CONFLICT (tenant_id, kind, value) DO NOTHING

-- name: lock_rows
SELECT id FROM customers WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE

-- name: redirect
UPDATE customers SET merged_into = $3 WHERE tenant_id = $1 AND (id = $2 OR merged_into = $2)

-- name: move_identities
UPDATE customer_identities SET customer_id = $3 WHERE tenant_id = $1 AND customer_id = $2

-- name: move_conversations
UPDATE conversations SET customer_id = $3 WHERE tenant_id = $1 AND customer_id = $2

-- name: move_memories
UPDATE memories SET customer_id = $3 WHERE tenant_id = $1 AND customer_id = $2

-- name: move_consents
UPDATE consents SET customer_id = $3 WHERE tenant_id = $1 AND customer_id = $2

-- name: move_objects
UPDATE stored_objects SET customer_id = $3 WHERE tenant_id = $1 AND customer_id = $2

-- name: move_jobs
-- Whoever asked to be erased is erased under the new id as well.
UPDATE privacy_jobs SET customer_id = $3
WHERE tenant_id = $1 AND customer_id = $2 AND state IN ('waiting', 'running')

-- name: current
SELECT coalesce(merged_into, id) FROM customers WHERE tenant_id = $1 AND id = $2

-- name: of_identity
SELECT coalesce(customers.merged_into, customers.id)
FROM customer_identities AS identity
JOIN customers ON customers.tenant_id = $1 AND customers.id = identity.customer_id
WHERE identity.tenant_id = $1 AND identity.kind = $2 AND identity.value = $3

-- name: attach
UPDATE conversations SET customer_id = $3 WHERE tenant_id = $1 AND id = $2 AND customer_id IS NULL

-- name: list
SELECT id, created_at, last_seen_at, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'value', value) ORDER BY kind, value), '[]')
    FROM customer_identities WHERE tenant_id = $1 AND customer_id = customers.id
) AS identities
FROM customers
WHERE tenant_id = $1 AND merged_into IS NULL
    AND ($2::timestamptz IS NULL OR (last_seen_at, id) < ($2, $3::uuid))
ORDER BY last_seen_at DESC, id DESC
LIMIT $4

-- name: one
SELECT id, created_at, last_seen_at, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'value', value) ORDER BY kind, value), '[]')
    FROM customer_identities WHERE tenant_id = $1 AND customer_id = customers.id
) AS identities, (
    SELECT coalesce(array_agg(merged.id ORDER BY merged.id), '{}')
    FROM customers AS merged WHERE merged.tenant_id = $1 AND merged.merged_into = customers.id
) AS merged_ids, (
    SELECT count(*) FROM conversations WHERE tenant_id = $1 AND customer_id = customers.id
) AS conversations, (
    SELECT count(*) FROM memories WHERE tenant_id = $1 AND customer_id = customers.id AND replaced_at IS NULL
) AS memories
FROM customers
WHERE tenant_id = $1 AND id = (SELECT coalesce(merged_into, id) FROM customers WHERE tenant_id = $1 AND id = $2)

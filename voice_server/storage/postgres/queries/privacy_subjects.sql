-- Whom a job is about: all ids by which stores know a person. $1 are the ids known so far, as in `subject.py`.

-- name: customers
WITH RECURSIVE linked AS (
    SELECT customer_id AS id FROM customer_identities
    WHERE kind = 'account' AND value = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')))
    UNION
    SELECT id FROM customers
    WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))
    UNION
    -- Merged customers are one person, whichever of them is named.
    SELECT other.id FROM linked JOIN customers AS known ON known.id = linked.id
    JOIN customers AS other ON other.merged_into = known.id OR other.id = known.merged_into
)
SELECT id FROM linked WHERE id IS NOT NULL

-- name: identities
SELECT kind, value FROM customer_identities
WHERE customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))

-- name: emails
SELECT email FROM accounts WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))

-- name: conversations
SELECT id FROM conversations
WHERE owner = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'owners')))
    OR customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))

-- name: sessions
SELECT id FROM live_sessions
WHERE conversation_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'conversations')))
    OR principal->>'name' = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'actors')))

-- name: memories
SELECT id::text FROM memories
WHERE customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))

-- name: objects
SELECT key FROM stored_objects
WHERE owner = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'owners')))
    OR customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))
    OR conversation_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'conversations')))

-- name: jobs
SELECT id::text, object_key FROM privacy_jobs
WHERE account_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))
    OR customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))

-- name: bury
INSERT INTO tombstones (digest)
SELECT sha256(convert_to(each, 'UTF8')) FROM jsonb_array_elements_text($1::jsonb) AS each
ON CONFLICT (digest) DO UPDATE SET erased_at = now()

-- name: buried
SELECT each FROM jsonb_array_elements_text($1::jsonb) AS each
JOIN tombstones ON digest = sha256(convert_to(each, 'UTF8'))

-- name: forget_tombstones
DELETE FROM tombstones WHERE erased_at < now() - make_interval(days => $1)

-- What erasure does to PostgreSQL, in this order. $1 are the person's ids, as in `subject.py`, with `hash`, which takes
-- their place where something has to stay. Statements that end with LIMIT are repeated until they find nothing.

-- name: browser_keys
DELETE FROM client_secrets
WHERE principal->>'name' = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'owners')))
    OR EXISTS (
        SELECT FROM jsonb_array_elements(principal->'customer') AS each
        WHERE each->>1 = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'identities')))
    )

-- name: session_slots
DELETE FROM session_slots WHERE session_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'sessions')))

-- name: live_sessions
DELETE FROM live_sessions
WHERE conversation_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'conversations')))

-- name: memories
DELETE FROM memories WHERE id IN (
    SELECT id FROM memories
    WHERE customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))
    LIMIT 500
)

-- name: conversations
DELETE FROM conversations WHERE id IN (
    SELECT id FROM conversations
    WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'conversations')))
    LIMIT 20
)

-- name: objects
DELETE FROM stored_objects
WHERE key = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'objects')))
    OR conversation_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'conversations')))

-- name: consents
DELETE FROM consents
WHERE account_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))
    OR customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))

-- name: identities
DELETE FROM customer_identities
WHERE customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))

-- name: customers
DELETE FROM customers WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))

-- name: jobs
-- Others of the same person; an erasure that has begun forgets them itself, in the end.
DELETE FROM privacy_jobs
WHERE id::text = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'jobs'))) AND scope IS NULL
    AND receipt IS NULL

-- name: asked_by
UPDATE privacy_jobs SET requested_by = $1::jsonb->>'hash'
WHERE requested_by = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'actors'))) AND scope IS NULL

-- name: versions_by
UPDATE tenant_versions SET created_by = $1::jsonb->>'hash'
WHERE created_by = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'actors')))

-- name: keys_by
UPDATE api_keys SET created_by = $1::jsonb->>'hash'
WHERE created_by = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'actors')))

-- name: noted
UPDATE audit_log SET subject_id = $1::jsonb->>'hash', request_id = NULL
WHERE subject_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'noted')))

-- name: acted
UPDATE audit_log SET actor = $1::jsonb->>'hash', request_id = NULL
WHERE actor = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'actors')))

-- name: accounts
DELETE FROM accounts WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))

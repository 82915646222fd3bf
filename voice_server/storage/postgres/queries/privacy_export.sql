-- Everything kept about a person, one statement for each file of the export. $1 are their ids, as in `subject.py`.
-- What only opens doors (digests, hashes of passwords) is left out: it says nothing about the person.

-- name: profile
SELECT to_jsonb(accounts) - 'password_hash' AS row FROM accounts
WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))

-- name: memberships
SELECT to_jsonb(memberships) || jsonb_build_object('tenant', tenants.name) AS row
FROM memberships JOIN tenants ON tenants.id = memberships.tenant_id
WHERE account_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))
ORDER BY tenant_id

-- name: log_ins
SELECT to_jsonb(refresh_tokens) - 'digest' AS row FROM refresh_tokens
WHERE account_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))
ORDER BY created_at

-- name: mailed_links
SELECT to_jsonb(mailed_tokens) - 'digest' - 'registration' || jsonb_build_object(
    'registration', registration - 'password_hash'
) AS row FROM mailed_tokens
WHERE account_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))
ORDER BY expires_at

-- name: letters
SELECT to_jsonb(outgoing_mail) - 'letter' AS row FROM outgoing_mail
WHERE account_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))
ORDER BY created_at

-- name: customers
SELECT to_jsonb(customers) AS row FROM customers
WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))
ORDER BY created_at

-- name: identities
SELECT to_jsonb(customer_identities) AS row FROM customer_identities
WHERE customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))
ORDER BY created_at

-- name: consents
SELECT to_jsonb(consents) AS row FROM consents
WHERE account_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))
    OR customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))
ORDER BY given_at

-- name: conversations
SELECT to_jsonb(conversations) AS row FROM conversations
WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'conversations')))
ORDER BY began_at, id

-- name: items
SELECT to_jsonb(conversation_items) - 'words' AS row FROM conversation_items
WHERE conversation_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'conversations')))
ORDER BY conversation_id, position

-- name: facts
SELECT to_jsonb(conversation_facts) AS row FROM conversation_facts
WHERE conversation_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'conversations')))
ORDER BY conversation_id, sequence

-- name: snapshots
SELECT to_jsonb(conversation_snapshots) AS row FROM conversation_snapshots
WHERE conversation_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'conversations')))
ORDER BY conversation_id

-- name: live_sessions
SELECT to_jsonb(live_sessions) - 'token_digest' AS row FROM live_sessions
WHERE conversation_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'conversations')))
ORDER BY expires_at

-- name: session_slots
SELECT to_jsonb(session_slots) AS row FROM session_slots
WHERE session_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'sessions')))

-- name: browser_keys
SELECT to_jsonb(client_secrets) - 'digest' AS row FROM client_secrets
WHERE principal->>'name' = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'owners')))
    OR EXISTS (
        SELECT FROM jsonb_array_elements(principal->'customer') AS each
        WHERE each->>1 = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'identities')))
    )
ORDER BY expires_at

-- name: memories
SELECT to_jsonb(memories) AS row FROM memories
WHERE customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))
ORDER BY learned_at

-- name: objects
SELECT to_jsonb(stored_objects) AS row FROM stored_objects
WHERE key = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'objects')))
ORDER BY created_at

-- name: privacy_jobs
SELECT to_jsonb(privacy_jobs) - 'token_digest' - 'scope' AS row FROM privacy_jobs
WHERE account_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'accounts')::uuid))
    OR customer_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'customers')::uuid))
ORDER BY created_at

-- name: audit
SELECT to_jsonb(audit_log) AS row FROM audit_log
WHERE subject_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'noted')))
    OR actor = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'actors')))
ORDER BY id

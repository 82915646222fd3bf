-- What is older than its tenant keeps it. Each deletes a small batch, so that nobody waits long for a lock.

-- name: tenants
SELECT tenants.id, (config->>'retention_days')::integer AS days
FROM tenants JOIN tenant_versions ON tenant_id = tenants.id AND tenant_versions.version = tenants.version
WHERE config->>'retention_days' IS NOT NULL
ORDER BY tenants.id

-- name: old_conversations
SELECT id FROM conversations
WHERE tenant_id = $1 AND changed_at < now() - make_interval(days => $2)
ORDER BY changed_at LIMIT $3

-- name: objects_of
SELECT key FROM stored_objects WHERE conversation_id = ANY ($1::text[])

-- name: delete_conversations
WITH gone AS (DELETE FROM stored_objects WHERE conversation_id = ANY ($1::text[]))
DELETE FROM conversations WHERE id = ANY ($1::text[])

-- name: delete_memories
DELETE FROM memories WHERE id IN (
    SELECT id FROM memories
    WHERE tenant_id = $1 AND learned_at < now() - make_interval(days => $2)
    ORDER BY learned_at LIMIT $3
)

-- name: old_recordings
SELECT key FROM stored_objects
WHERE tenant_id = $1 AND kind = 'recording' AND created_at < now() - make_interval(days => $2)
ORDER BY created_at LIMIT $3

-- name: delete_jobs
DELETE FROM privacy_jobs WHERE id IN (
    SELECT id FROM privacy_jobs
    WHERE finished_at < now() - make_interval(days => $1) AND receipt IS NULL
        AND state IN ('done', 'cancelled', 'failed')
    LIMIT $2
)

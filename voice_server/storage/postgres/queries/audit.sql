-- Who saw or changed what.

-- name: note
INSERT INTO audit_log (tenant_id, actor, action, subject_kind, subject_id, request_id)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: of_tenant
SELECT id, at, actor, action, subject_kind, subject_id, request_id FROM audit_log
WHERE tenant_id = $1 AND id < $2
ORDER BY id DESC LIMIT $3

-- name: of_person
SELECT id, at, actor, action, subject_kind, subject_id, request_id FROM audit_log
WHERE subject_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'noted'))) AND id < $2
ORDER BY id DESC LIMIT $3

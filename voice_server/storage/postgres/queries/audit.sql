-- Who saw or changed what.

-- name: note
INSERT INTO audit_log (tenant_id, actor, action, subject_kind, subject_id, request_id)
VALUES ($1, $2, $3, $4, $5, $6)

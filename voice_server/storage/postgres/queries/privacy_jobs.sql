-- Exports and erasures on their way. A task claims one for as long as it may take to be heard of again; one that was
-- killed leaves it to be claimed by another.

-- name: add
INSERT INTO privacy_jobs (tenant_id, kind, account_id, customer_id, requested_by, token_digest, due_at)
VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(days => $7))
RETURNING *

-- name: open
SELECT * FROM privacy_jobs
WHERE tenant_id = $1 AND kind = $2 AND state IN ('waiting', 'running')
    AND (account_id = $3 OR customer_id = $4)
LIMIT 1

-- name: lock_requests
-- One after the other: two requests at one moment get one job.
SELECT id FROM tenants WHERE id = $1 FOR NO KEY UPDATE

-- name: grace
SELECT least(greatest(coalesce((config->>'erasure_grace_days')::integer, 0), 0), 30)
FROM tenants LEFT JOIN tenant_versions ON tenant_id = tenants.id AND tenant_versions.version = tenants.version
WHERE tenants.id = $1

-- name: of_person
-- The newest of each kind.
SELECT DISTINCT ON (kind) * FROM privacy_jobs
WHERE tenant_id = $1 AND (account_id = $2 OR customer_id = $3)
ORDER BY kind, created_at DESC

-- name: find
SELECT * FROM privacy_jobs WHERE id = $1 AND tenant_id = $2

-- name: find_by_token
SELECT * FROM privacy_jobs WHERE token_digest = $1

-- name: cancel
UPDATE privacy_jobs SET state = 'cancelled', finished_at = now()
WHERE id = $1 AND state = 'waiting' AND scope IS NULL
RETURNING *

-- name: claim
UPDATE privacy_jobs SET state = 'running', attempts = attempts + 1, due_at = now() + make_interval(secs => $1)
WHERE id = (
    SELECT id FROM privacy_jobs
    WHERE state IN ('waiting', 'running') AND due_at <= now()
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING *

-- name: next_due
SELECT extract(epoch FROM min(due_at) - now())::float8 FROM privacy_jobs WHERE state IN ('waiting', 'running')

-- name: progress
UPDATE privacy_jobs SET progress = $3, counts = $4, due_at = now() + make_interval(secs => $5)
WHERE id = $1 AND attempts = $2 AND state = 'running'
RETURNING id

-- name: begin
UPDATE privacy_jobs SET scope = $3, problem = NULL WHERE id = $1 AND attempts = $2 AND state = 'running' RETURNING id

-- name: put_off
UPDATE privacy_jobs
SET state = CASE WHEN scope IS NULL THEN 'waiting' ELSE 'running' END,
    problem = $3, due_at = now() + make_interval(secs => $4)
WHERE id = $1 AND attempts = $2 AND state = 'running'

-- name: go_over_again
UPDATE privacy_jobs SET is_late = true, progress = $3, due_at = now() + make_interval(secs => $4)
WHERE id = $1 AND attempts = $2 AND state = 'running'

-- name: fail
UPDATE privacy_jobs SET state = 'failed', problem = $3, finished_at = now()
WHERE id = $1 AND attempts = $2 AND state = 'running'

-- name: exported
UPDATE privacy_jobs SET state = 'done', progress = 1, object_key = $3, problem = NULL, finished_at = now()
WHERE id = $1 AND attempts = $2 AND state = 'running'

-- name: erased
-- What the job knows of the person goes last.
UPDATE privacy_jobs
SET state = 'done', progress = 1, receipt = $3, problem = NULL, finished_at = now(),
    account_id = NULL, customer_id = NULL, scope = NULL, requested_by = $4
WHERE id = $1 AND attempts = $2 AND state = 'running'
RETURNING id

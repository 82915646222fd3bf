-- Letters on their way.

-- name: add
INSERT INTO outgoing_mail (id, account_id, letter) SELECT $1, id, $3 FROM accounts WHERE id = $2

-- name: claim
UPDATE outgoing_mail SET attempts = attempts + 1, due_at = now() + make_interval(secs => $1)
WHERE id = (
    SELECT id FROM outgoing_mail
    WHERE failed_at IS NULL AND due_at <= now()
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, letter, attempts, created_at, extract(epoch FROM now() - created_at)::float8 AS age

-- name: sent
DELETE FROM outgoing_mail WHERE id = $1

-- name: later
UPDATE outgoing_mail SET due_at = now() + make_interval(secs => $2), problem = $3 WHERE id = $1

-- name: give_up
UPDATE outgoing_mail SET letter = NULL, failed_at = now(), problem = $2 WHERE id = $1

-- name: next_due
SELECT extract(epoch FROM min(due_at) - now())::float8 FROM outgoing_mail WHERE failed_at IS NULL

-- name: sweep
DELETE FROM outgoing_mail WHERE failed_at < now() - interval '7 days'

-- name: sealed_before
SELECT id, letter AS sealed FROM outgoing_mail
WHERE letter IS NOT NULL AND substr(letter, 1, length($1::bytea)) <> $1 FOR UPDATE

-- name: reseal
UPDATE outgoing_mail SET letter = $1 WHERE id = $2

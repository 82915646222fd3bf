-- What is sent by mail, stored as SHA-256.

-- name: add_verification
INSERT INTO mailed_tokens (digest, account_id, purpose, expires_at, registration)
SELECT $2, id, 'verify', now() + make_interval(secs => $3), $4
FROM accounts WHERE id = $1 AND verified_at IS NULL AND disabled_at IS NULL

-- name: add_reset
INSERT INTO mailed_tokens (digest, account_id, purpose, expires_at)
SELECT $2, id, 'reset', now() + make_interval(secs => $3) FROM accounts WHERE id = $1 AND disabled_at IS NULL

-- name: find
SELECT mailed_tokens.account_id, accounts.email, registration
FROM mailed_tokens JOIN accounts ON accounts.id = mailed_tokens.account_id
WHERE digest = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()

-- name: use
UPDATE mailed_tokens SET used_at = now()
WHERE digest = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()
RETURNING account_id, registration

-- name: use_all
UPDATE mailed_tokens SET used_at = now() WHERE account_id = $1 AND used_at IS NULL

-- name: sweep
DELETE FROM mailed_tokens WHERE expires_at < now() - interval '1 day'

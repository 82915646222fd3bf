-- Conversations at this moment, and time in each month.

-- name: forget_dead
DELETE FROM session_slots WHERE tenant_id = $1 AND expires_at <= now()

-- name: others_open
SELECT count(*) FROM session_slots WHERE tenant_id = $1 AND session_id <> $2

-- name: used_seconds
SELECT coalesce(sum(seconds), 0) FROM tenant_usage
WHERE tenant_id = $1 AND month = date_trunc('month', now() AT TIME ZONE 'UTC')::date

-- name: take
INSERT INTO session_slots (session_id, tenant_id, expires_at, holder)
VALUES ($2, $1, now() + make_interval(secs => $3), $4)
ON CONFLICT (session_id) DO UPDATE SET counted_at = now(), expires_at = excluded.expires_at, holder = excluded.holder

-- name: renew
-- Of all tenants: what one task holds. What has passed since they were last counted is the tenants' usage.
WITH held AS (
    SELECT session_id, tenant_id, greatest(extract(epoch FROM now() - counted_at)::float8, 0) AS seconds
    FROM session_slots WHERE holder = ANY($1::text[]) ORDER BY session_id FOR UPDATE
), renewed AS (
    UPDATE session_slots SET counted_at = now(), expires_at = now() + make_interval(secs => $2)
    FROM held WHERE session_slots.session_id = held.session_id
    RETURNING held.tenant_id, held.seconds
)
INSERT INTO tenant_usage (tenant_id, month, seconds)
SELECT tenant_id, date_trunc('month', now() AT TIME ZONE 'UTC')::date, sum(seconds)
FROM renewed GROUP BY tenant_id ORDER BY tenant_id
ON CONFLICT (tenant_id, month) DO UPDATE SET seconds = tenant_usage.seconds + excluded.seconds

-- name: release
DELETE FROM session_slots WHERE session_id = $1 AND holder = $2

-- The logs of conversations: facts, the items that they come to, and who may write them.

-- name: begin
INSERT INTO conversations (
    id, tenant_id, tenant_version, customer_id, owner, assistant, channel, language, began_at, epoch
)
SELECT * FROM unnest(
    $1::text[], $2::uuid[], $3::integer[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::timestamptz[], $10::integer[]
)
ON CONFLICT (id) DO NOTHING

-- name: hold
SELECT id, epoch FROM conversations WHERE id = ANY ($1::text[]) ORDER BY id FOR NO KEY UPDATE

-- name: keep
-- Everything at once, because each statement more is one more wait for whoever waits for the batch.
WITH added AS (
    INSERT INTO conversation_facts (conversation_id, sequence, tenant_id, fact)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::uuid[], $4::text[])
    ON CONFLICT (conversation_id, sequence) DO NOTHING
),
put AS (
    INSERT INTO conversation_items (
        conversation_id, id, tenant_id, position, role, text, status, said_at, timings, unheard
    )
    SELECT conversation_id, id, tenant_id, position, role, text, status, said_at, timings::jsonb, unheard
    FROM unnest(
        $5::text[], $6::text[], $7::uuid[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::timestamptz[],
        $13::text[], $14::text[]
    ) AS items (conversation_id, id, tenant_id, position, role, text, status, said_at, timings, unheard)
    ON CONFLICT (conversation_id, id) DO UPDATE SET
        position = excluded.position, role = excluded.role, text = excluded.text, status = excluded.status,
        said_at = excluded.said_at, timings = excluded.timings, unheard = excluded.unheard
),
dropped AS (
    DELETE FROM conversation_items USING unnest($15::text[], $16::text[]) AS gone (conversation_id, id)
    WHERE conversation_items.conversation_id = gone.conversation_id AND conversation_items.id = gone.id
),
stood AS (
    INSERT INTO conversation_snapshots (conversation_id, tenant_id, sequence, snapshot)
    SELECT * FROM unnest($20::text[], $21::uuid[], $22::bigint[], $23::text[])
    ON CONFLICT (conversation_id) DO UPDATE SET sequence = excluded.sequence, snapshot = excluded.snapshot
    WHERE conversation_snapshots.sequence < excluded.sequence
)
UPDATE conversations SET changed_at = now(), epoch = news.epoch, ended_at = news.ended_at
FROM unnest($17::text[], $18::integer[], $19::timestamptz[]) AS news (id, epoch, ended_at)
WHERE conversations.id = news.id AND (
    conversations.changed_at < now() - interval '1 second'
    OR conversations.epoch < news.epoch
    OR conversations.ended_at IS DISTINCT FROM news.ended_at
)

-- name: announce
UPDATE conversations SET epoch = $2 WHERE id = $1 AND epoch < $2

-- name: claim
UPDATE conversations SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch

-- name: header
SELECT id, tenant_id, owner, assistant, channel, tenant_version, customer_id, language, began_at, epoch
FROM conversations WHERE id = $1

-- name: snapshot
SELECT sequence, snapshot FROM conversation_snapshots WHERE conversation_id = $1 AND sequence <= $2

-- name: facts
SELECT sequence, fact FROM conversation_facts WHERE conversation_id = $1 AND sequence > $2 ORDER BY sequence

-- name: left_alone
SELECT id FROM conversations
WHERE ended_at IS NULL AND channel = 'realtime' AND changed_at < now() - make_interval(secs => $1)
ORDER BY changed_at LIMIT $2

-- name: end
UPDATE conversations SET ended_at = changed_at WHERE id = $1 AND ended_at IS NULL

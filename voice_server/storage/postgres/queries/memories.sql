-- What is remembered of customers, and which conversations are still to be remembered.

-- name: of
-- From behind the topic $5, the time $6 and the id $7 on; topics that $3 does not have come last.
SELECT id, topic, value, confidence, source, conversation_id, item_id, learned_at, replaced_by, replaced_at
FROM memories
WHERE tenant_id = $1
    AND customer_id = (SELECT coalesce(merged_into, id) FROM customers WHERE tenant_id = $1 AND id = $2)
    AND replaced_at IS NULL
    AND (
        $5::text IS NULL
        OR (array_position($3::text[] || topic, topic), $6::timestamptz, id)
            > (array_position($3::text[] || $5::text, $5::text), learned_at, $7::uuid)
    )
ORDER BY array_position($3::text[] || topic, topic), learned_at DESC, id
LIMIT $4

-- name: history
-- From behind the time $4 and the id $5 on.
SELECT id, topic, value, confidence, source, conversation_id, item_id, learned_at, replaced_by, replaced_at
FROM memories
WHERE tenant_id = $1
    AND customer_id = (SELECT coalesce(merged_into, id) FROM customers WHERE tenant_id = $1 AND id = $2)
    AND ($4::timestamptz IS NULL OR ($4::timestamptz, id) > (learned_at, $5::uuid))
ORDER BY learned_at DESC, id
LIMIT $3

-- name: lock_customer
-- The customer that this one has become; nothing if it was merged at this very moment: then ask again.
SELECT became.id FROM customers AS named
JOIN customers AS became ON became.tenant_id = $1 AND became.id = coalesce(named.merged_into, named.id)
WHERE named.tenant_id = $1 AND named.id = $2 AND became.merged_into IS NULL
FOR NO KEY UPDATE OF became

-- name: confirm
-- The same again: it is as fresh as its newest mention. What a person has set right stays theirs.
UPDATE memories SET
    learned_at = greatest(learned_at, $8),
    confidence = greatest(confidence, $5::real),
    conversation_id = CASE WHEN memory_weight(source) > memory_weight($6) THEN conversation_id ELSE $7 END,
    item_id = CASE WHEN memory_weight(source) > memory_weight($6) THEN item_id ELSE $9 END,
    source = CASE WHEN memory_weight(source) > memory_weight($6) THEN source ELSE $6 END
WHERE tenant_id = $1 AND customer_id = $2 AND topic = $3 AND lower(value) = lower($4) AND replaced_at IS NULL
RETURNING id

-- name: add
INSERT INTO memories (
    tenant_id, customer_id, topic, value, confidence, source, conversation_id, item_id, learned_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $9, $8)
RETURNING id, topic, value, confidence, source, conversation_id, item_id, learned_at, replaced_by, replaced_at

-- name: settle
-- Of what contradicts, one stays: what a person set right, then what was said, then what was guessed; then the newest.
WITH ranked AS (
    SELECT id, first_value(id) OVER best AS winner, row_number() OVER best AS place
    FROM memories
    WHERE tenant_id = $1 AND customer_id = $2 AND replaced_at IS NULL
    WINDOW best AS (
        PARTITION BY topic, CASE WHEN topic = ANY ($3::text[]) THEN '' ELSE lower(value) END
        ORDER BY memory_weight(source) DESC, learned_at DESC, id
    )
)
UPDATE memories SET replaced_by = ranked.winner, replaced_at = now()
FROM ranked WHERE memories.id = ranked.id AND ranked.place > 1

-- name: prune
DELETE FROM memories WHERE tenant_id = $1 AND customer_id = $2 AND id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (
            PARTITION BY topic, replaced_at IS NULL ORDER BY learned_at DESC, id
        ) AS place
        FROM memories WHERE tenant_id = $1 AND customer_id = $2
    ) AS placed WHERE place > $3
)

-- name: find
SELECT id, topic, value, confidence, source, conversation_id, item_id, learned_at, replaced_by, replaced_at
FROM memories WHERE tenant_id = $1 AND customer_id = $2 AND id = $3

-- name: replace
UPDATE memories SET replaced_by = $4, replaced_at = now() WHERE tenant_id = $1 AND customer_id = $2 AND id = $3

-- name: forget
-- With all that it has replaced: who wants it gone does not want what it was before to stay.
WITH RECURSIVE gone AS (
    SELECT id FROM memories WHERE tenant_id = $1 AND customer_id = $2 AND id = $3
    UNION
    SELECT memories.id FROM memories JOIN gone ON memories.replaced_by = gone.id
    WHERE tenant_id = $1 AND customer_id = $2
)
DELETE FROM memories USING gone WHERE memories.id = gone.id

-- name: claim
-- Of all tenants. A conversation whose task was killed is due again later.
UPDATE conversations SET
    remember_turn = remember_turn + 1, remember_due_at = now() + make_interval(secs => $1)
WHERE id IN (
    SELECT id FROM conversations
    WHERE ended_at IS NOT NULL AND customer_id IS NOT NULL AND (remembered_at IS NULL OR remembered_at < ended_at)
        AND (remember_due_at IS NULL OR remember_due_at <= now())
        AND (channel = 'realtime' OR ended_at <= now() - make_interval(secs => $2))
    ORDER BY ended_at
    LIMIT $3
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING id, tenant_id, customer_id, language, ended_at, remembered_to, remembered_facts_to, remember_turn

-- name: items
-- With what was looked at before, so that an answer is read beside its question.
SELECT id, position, role, text, said_at FROM conversation_items
WHERE tenant_id = $1 AND conversation_id = $2 AND status = 'completed' AND position > $3::bigint - $4
ORDER BY position
LIMIT $5

-- name: tool_facts
SELECT sequence, fact FROM conversation_facts
WHERE tenant_id = $1 AND conversation_id = $2 AND sequence > $3
    AND (fact LIKE '%"$":"ToolReturned"%' OR fact LIKE '%"$":"ToolCalled"%')
ORDER BY sequence
LIMIT $4

-- name: postpone
UPDATE conversations SET remember_due_at = now() + make_interval(secs => $4)
WHERE tenant_id = $1 AND id = $2 AND remember_turn = $3

-- name: remembered
-- Nothing is changed if it was somebody else's turn meanwhile.
UPDATE conversations SET
    remembered_at = coalesce($4, remembered_at), remembered_to = greatest(remembered_to, $5),
    remembered_facts_to = greatest(remembered_facts_to, $6), remember_due_at = NULL
WHERE tenant_id = $1 AND id = $2 AND remember_turn = $3

-- History: conversations as people read them.

-- name: list
SELECT id, owner, assistant, channel, language, customer_id, began_at, changed_at, ended_at,
    (SELECT count(*) FROM conversation_items WHERE conversation_id = conversations.id) AS items,
    (SELECT left(text, 200) FROM conversation_items
        WHERE conversation_id = conversations.id AND role = 'user' AND text <> ''
        ORDER BY position LIMIT 1) AS opening
FROM conversations
WHERE tenant_id = $1
    AND ($2::text IS NULL OR owner = $2)
    AND ($3::text IS NULL OR assistant = $3)
    AND ($4::uuid IS NULL OR customer_id = $4)
    AND ($5::timestamptz IS NULL OR began_at >= $5)
    AND ($6::timestamptz IS NULL OR began_at < $6)
    AND ($7::timestamptz IS NULL OR began_at < $7 OR (began_at = $7 AND id > $8::text))
ORDER BY began_at DESC, id
LIMIT $9

-- name: search
-- The newest are looked through, which soon fills a page with what is said often. Where it does not, the index knows all
-- conversations in which it was said, in no order: those are few, then.
WITH asked AS (
    SELECT websearch_to_tsquery('simple', $10) AS query
), fitting AS NOT MATERIALIZED (
    SELECT id, began_at FROM conversations
    WHERE tenant_id = $1
        AND ($2::text IS NULL OR owner = $2)
        AND ($3::text IS NULL OR assistant = $3)
        AND ($4::uuid IS NULL OR customer_id = $4)
        AND ($5::timestamptz IS NULL OR began_at >= $5)
        AND ($6::timestamptz IS NULL OR began_at < $6)
        AND ($7::timestamptz IS NULL OR began_at < $7 OR (began_at = $7 AND id > $8::text))
), newest AS MATERIALIZED (
    SELECT id, began_at FROM fitting ORDER BY began_at DESC, id LIMIT $11
), near AS (
    SELECT id, began_at FROM (SELECT * FROM newest ORDER BY began_at DESC, id) AS one
    WHERE EXISTS (
        SELECT FROM conversation_items WHERE conversation_id = one.id AND words @@ (SELECT query FROM asked)
    )
    ORDER BY began_at DESC, id
    LIMIT $9
), far AS (
    SELECT id, began_at FROM fitting
    WHERE (SELECT count(*) FROM near) < $9 AND (SELECT count(*) FROM newest) = $11
        AND id = ANY (ARRAY(SELECT conversations_with((SELECT query FROM asked))))
    ORDER BY began_at DESC, id
    LIMIT $9
), page AS (
    SELECT id FROM (SELECT * FROM near UNION SELECT * FROM far) AS found ORDER BY began_at DESC, id LIMIT $9
)
SELECT id, owner, assistant, channel, language, customer_id, began_at, changed_at, ended_at,
    (SELECT count(*) FROM conversation_items WHERE conversation_id = conversations.id) AS items,
    (SELECT left(text, 200) FROM conversation_items
        WHERE conversation_id = conversations.id AND role = 'user' AND text <> ''
        ORDER BY position LIMIT 1) AS opening,
    found.matches
FROM page JOIN conversations USING (id), asked, LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object('item_id', match.id, 'role', match.role, 'passage', ts_headline(
            'simple', translate(match.text, E'\uE000\uE001', ''), query,
            E'StartSel=\uE000, StopSel=\uE001, MaxFragments=2, MaxWords=20, MinWords=5, FragmentDelimiter=" … "'
        ))
        ORDER BY match.position
    ) AS matches
    FROM (
        SELECT * FROM conversation_items
        WHERE conversation_id = conversations.id AND words @@ query
        ORDER BY position
        LIMIT 3
    ) AS match
) AS found
WHERE found.matches IS NOT NULL
ORDER BY began_at DESC, id

-- name: one
SELECT id, owner, assistant, channel, language, customer_id, began_at, changed_at, ended_at,
    (SELECT count(*) FROM conversation_items WHERE conversation_id = conversations.id) AS items,
    (SELECT left(text, 200) FROM conversation_items
        WHERE conversation_id = conversations.id AND role = 'user' AND text <> ''
        ORDER BY position LIMIT 1) AS opening
FROM conversations
WHERE tenant_id = $1 AND id = $2 AND ($3::text IS NULL OR owner = $3)

-- name: items
SELECT id, position, role, text, status, said_at, timings, unheard
FROM conversation_items
WHERE conversation_id = $1 AND position > $2
ORDER BY position
LIMIT $3

-- name: objects
SELECT key FROM stored_objects WHERE conversation_id = $1

-- name: delete_objects
DELETE FROM stored_objects WHERE conversation_id = $1

-- name: delete
DELETE FROM conversations WHERE tenant_id = $1 AND id = $2 AND ($3::text IS NULL OR owner = $3)

-- name: put_object
INSERT INTO stored_objects (key, tenant_id, conversation_id, owner, kind, content_type, bytes, expires_at)
VALUES ($1, $2, $3, $4, 'answer', $5, $6, now() + make_interval(secs => $7))

-- name: expired_objects
SELECT key FROM stored_objects WHERE kind = 'answer' AND expires_at < now() ORDER BY expires_at LIMIT $1

-- name: forget_objects
DELETE FROM stored_objects WHERE key = ANY ($1::text[])

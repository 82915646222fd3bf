-- Functions that see more than who calls them, also where the owner of everything is no superuser.

-- As 0050 has it by now.
CREATE OR REPLACE FUNCTION is_erased(kinds text[], ids text[]) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    before text := coalesce(current_setting('app.everyone', true), '');
    found boolean;
BEGIN
    PERFORM set_config('app.everyone', 'yes', true);
    found := EXISTS (
        SELECT FROM unnest(kinds, ids) AS each (kind, id)
        JOIN tombstones ON digest = sha256(convert_to(each.kind || ':' || each.id, 'UTF8'))
    );
    PERFORM set_config('app.everyone', before, true);
    RETURN found;
END $$;

-- In which conversations of the tenant that the transaction names something was said. Whoever is bound by row-level
-- security cannot have an index searched for words: `@@` might tell of rows that are not theirs, for all that PostgreSQL
-- knows, so it is held against the tenant's rows one by one. This function is bound by the policy below, and gives no
-- more than ids, which the caller then looks up as itself.
CREATE FUNCTION conversations_with(query tsquery) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT DISTINCT conversation_id FROM conversation_items
    WHERE (words || array_to_tsvector(ARRAY[tenant_id::text])) @@ (query && app_tenant()::text::tsquery)
        AND tenant_id = app_tenant()
        -- Nothing is not said by anybody; with the tenant added, it would be said by everybody.
        AND numnode(query) > 0;
END;
REVOKE EXECUTE ON FUNCTION conversations_with(tsquery) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION conversations_with(tsquery) TO voice_app;

-- The owner, as whom the function runs, sees all that was said: a policy that is always true is none to PostgreSQL, and
-- the index is free. Not where servers have the rights of the owner: there everything stays apart, and searching slow.
DO $$
BEGIN
    IF NOT pg_has_role('voice_app', current_user, 'MEMBER') THEN
        CREATE POLICY of_the_search ON conversation_items FOR SELECT TO CURRENT_USER USING (true);
    END IF;
END $$;

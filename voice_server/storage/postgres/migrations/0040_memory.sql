-- Customers that turn out to be one, and conversations that are remembered once.

-- Whoever writes down something of a customer may have learned the id before it was merged into another: the row then
-- belongs to the other. The lock waits for a merge that goes on, and holds off one that is about to begin.
CREATE FUNCTION follow_merged_customer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    became uuid;
BEGIN
    SELECT merged_into INTO became FROM customers
    WHERE tenant_id = NEW.tenant_id AND id = NEW.customer_id
    FOR KEY SHARE;
    IF became IS NOT NULL THEN
        NEW.customer_id := became;
    END IF;
    RETURN NEW;
END $$;

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['customer_identities', 'conversations', 'memories', 'consents', 'stored_objects'] LOOP
        EXECUTE format(
            'CREATE TRIGGER follow_merged_customer BEFORE INSERT OR UPDATE OF customer_id ON %I '
            'FOR EACH ROW WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION follow_merged_customer()',
            kept
        );
    END LOOP;
END $$;

-- An answer to a question for consent is never changed, but it moves with the person who gave it.
GRANT UPDATE (customer_id) ON consents TO voice_app;

-- The end up to which it is remembered; a conversation may go on and end again.
ALTER TABLE conversations ADD COLUMN remembered_at timestamptz;
-- The position of the last item that was looked at.
ALTER TABLE conversations ADD COLUMN remembered_to bigint NOT NULL DEFAULT -1;
-- The number of the last fact of the log that was looked at.
ALTER TABLE conversations ADD COLUMN remembered_facts_to bigint NOT NULL DEFAULT -1;
-- Whose turn it is: whoever counted up last, until it is due again.
ALTER TABLE conversations ADD COLUMN remember_turn bigint NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN remember_due_at timestamptz;

-- How much the source of a memory counts where two contradict each other: people who set something right, then what was
-- said, then what was guessed.
CREATE FUNCTION memory_weight(source text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE source WHEN 'inferred' THEN 0 WHEN 'said' THEN 1 WHEN 'booking' THEN 1 ELSE 2 END
$$;

-- in place of 4ea1f47283b2933b3e50585d0974f49f7fa52906182d7f9723e3aeca21a3d202
-- Only a superuser could run what this was at first: a function with `SET app.everyone`. 0066 brings both to the same.

-- Erasure that goes on where it was broken off, and that late writers cannot undo.

ALTER TABLE privacy_jobs
    ADD COLUMN requested_by text NOT NULL DEFAULT '',
    -- By which the person reads the receipt when their account is gone: SHA-256.
    ADD COLUMN token_digest bytea UNIQUE CHECK (length(token_digest) = 32),
    -- What is to be erased, by ids: once begun it goes on with the same, whatever is gone by then. Emptied at the end.
    ADD COLUMN scope jsonb,
    ADD COLUMN counts jsonb NOT NULL DEFAULT '{}',
    -- Erasure goes over everything a second time, for what was still being written during the first.
    ADD COLUMN is_late boolean NOT NULL DEFAULT false;

-- What was erased and must not come back, as SHA-256 of ids that cannot be guessed. `kind`: conversation, customer,
-- account or owner.
CREATE TABLE tombstones (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    erased_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON tombstones (erased_at);
ALTER TABLE tombstones ENABLE ROW LEVEL SECURITY;
ALTER TABLE tombstones FORCE ROW LEVEL SECURITY;
CREATE POLICY of_nobody ON tombstones USING ((SELECT app_sees_everyone()));
GRANT SELECT, INSERT, UPDATE, DELETE ON tombstones TO voice_app;

-- Tells whoever inserts, of whatever tenant, and nothing more than yes or no.
CREATE FUNCTION is_erased(kinds text[], ids text[]) RETURNS boolean
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

-- A log that comes late finds that there is no such conversation, and learns so that it was erased.
CREATE FUNCTION refuse_erased_conversation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_erased(ARRAY['conversation', 'owner', 'customer'], ARRAY[NEW.id, NEW.owner, NEW.customer_id::text]) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_erased BEFORE INSERT ON conversations
    FOR EACH ROW EXECUTE FUNCTION refuse_erased_conversation();

-- The row comes before the object: without it, none is put.
CREATE FUNCTION refuse_erased_object() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_erased(
        ARRAY['conversation', 'owner', 'customer'], ARRAY[NEW.conversation_id, NEW.owner, NEW.customer_id::text]
    ) THEN
        RAISE EXCEPTION 'whom this is about was erased' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_erased BEFORE INSERT ON stored_objects
    FOR EACH ROW EXECUTE FUNCTION refuse_erased_object();

CREATE FUNCTION refuse_erased_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'account' AND is_erased(ARRAY['account'], ARRAY[NEW.value]) THEN
        RAISE EXCEPTION 'whom this is about was erased' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_erased BEFORE INSERT ON customer_identities
    FOR EACH ROW EXECUTE FUNCTION refuse_erased_identity();

-- Erasure takes a person out of the log, and the request ids that they chose.
GRANT UPDATE (actor, request_id) ON audit_log TO voice_app;

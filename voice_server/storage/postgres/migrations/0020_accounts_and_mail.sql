-- Registrations that wait for a click, access that ended before its time, and letters on their way.

-- What a registration asked for takes effect when its own link is followed: whoever registers somebody else's address
-- decides nothing about that account.
ALTER TABLE mailed_tokens ADD COLUMN registration jsonb;
CREATE INDEX ON mailed_tokens (expires_at);

-- Families of refresh tokens, and accounts, whose access tokens are refused though they have not expired. No reference:
-- it outlives an account that is erased, by minutes.
CREATE TABLE ended_access (
    subject uuid PRIMARY KEY,
    ended_at timestamptz NOT NULL
);
CREATE INDEX ON ended_access (ended_at);

CREATE TABLE outgoing_mail (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    -- Links open accounts: the letter is encrypted, and gone when it is sent or given up.
    letter bytea,
    attempts integer NOT NULL DEFAULT 0,
    problem text,
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    failed_at timestamptz,
    CHECK ((letter IS NULL) = (failed_at IS NOT NULL))
);
CREATE INDEX ON outgoing_mail (due_at) WHERE failed_at IS NULL;
CREATE INDEX ON outgoing_mail (account_id);

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['ended_access', 'outgoing_mail'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', kept);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', kept);
        EXECUTE format('CREATE POLICY of_nobody ON %I USING ((SELECT app_sees_everyone()))', kept);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO voice_app', kept);
    END LOOP;
END $$;

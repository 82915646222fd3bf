-- What tenants use: conversations at this moment, and time in each month.

-- A conversation of a task that was killed is counted until its row runs out.
CREATE TABLE session_slots (
    session_id text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    counted_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON session_slots (tenant_id, expires_at);

CREATE TABLE tenant_usage (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    month date NOT NULL,
    seconds double precision NOT NULL DEFAULT 0 CHECK (seconds >= 0),
    PRIMARY KEY (tenant_id, month)
);

-- How many client secrets a tenant has is counted whenever it makes one.
CREATE INDEX ON client_secrets (tenant_id, expires_at);

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['session_slots', 'tenant_usage'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', kept);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', kept);
        EXECUTE format(
            'CREATE POLICY of_the_tenant ON %I USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_sees_everyone()))',
            kept
        );
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO voice_app', kept);
    END LOOP;
END $$;

-- A transaction sees the rows of the tenant it names, and no others.

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY[
        'tenant_versions', 'tenant_secrets', 'api_keys', 'client_secrets', 'memberships', 'refresh_tokens',
        'customers', 'customer_identities', 'conversations', 'conversation_facts', 'conversation_items',
        'live_sessions', 'memories', 'stored_objects', 'consents', 'privacy_jobs', 'audit_log'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', kept);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', kept);
        EXECUTE format(
            'CREATE POLICY of_the_tenant ON %I USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_sees_everyone()))',
            kept
        );
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO voice_app', kept);
    END LOOP;
END $$;

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY of_the_tenant ON tenants USING (id = (SELECT app_tenant()) OR (SELECT app_sees_everyone()));
GRANT SELECT, INSERT, UPDATE, DELETE ON tenants TO voice_app;

-- An account is seen by the tenants it belongs to.
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY of_the_tenant ON accounts USING (
    (SELECT app_sees_everyone())
    OR EXISTS (SELECT FROM memberships WHERE account_id = accounts.id AND tenant_id = (SELECT app_tenant()))
);
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts TO voice_app;

-- Of no tenant: reached before one is known.
ALTER TABLE mailed_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE mailed_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY of_nobody ON mailed_tokens USING ((SELECT app_sees_everyone()));
GRANT SELECT, INSERT, UPDATE, DELETE ON mailed_tokens TO voice_app;

ALTER TABLE signing_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE signing_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY of_nobody ON signing_keys USING ((SELECT app_sees_everyone()));
GRANT SELECT, INSERT, UPDATE, DELETE ON signing_keys TO voice_app;

-- What has happened cannot be made not to have happened, except that erasure takes a person out of it.
REVOKE UPDATE, DELETE ON audit_log FROM voice_app;
REVOKE UPDATE ON conversation_facts, consents FROM voice_app;
GRANT UPDATE (subject_id) ON audit_log TO voice_app;

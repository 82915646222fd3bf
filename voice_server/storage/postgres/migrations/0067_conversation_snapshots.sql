-- Where a conversation stood after one of its facts: whoever goes on with it need not read those before.
CREATE TABLE conversation_snapshots (
    conversation_id text PRIMARY KEY,
    tenant_id uuid NOT NULL,
    sequence bigint NOT NULL,
    snapshot text NOT NULL,
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);

ALTER TABLE conversation_snapshots ENABLE ROW LEVEL SECURITY;
ALTER TABLE conversation_snapshots FORCE ROW LEVEL SECURITY;
CREATE POLICY of_the_tenant ON conversation_snapshots
USING (tenant_id = (SELECT app_tenant()) OR (SELECT app_sees_everyone()));
GRANT SELECT, INSERT, UPDATE, DELETE ON conversation_snapshots TO voice_app;

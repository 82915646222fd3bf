-- no transaction
-- What erasure and retention look for, without keeping anybody from writing meanwhile.
DROP INDEX CONCURRENTLY IF EXISTS audit_log_actor;
CREATE INDEX CONCURRENTLY audit_log_actor ON audit_log (actor);
DROP INDEX CONCURRENTLY IF EXISTS conversations_of_tenant_changed;
CREATE INDEX CONCURRENTLY conversations_of_tenant_changed ON conversations (tenant_id, changed_at);
DROP INDEX CONCURRENTLY IF EXISTS memories_of_tenant_learned;
CREATE INDEX CONCURRENTLY memories_of_tenant_learned ON memories (tenant_id, learned_at);
DROP INDEX CONCURRENTLY IF EXISTS stored_objects_owner;
CREATE INDEX CONCURRENTLY stored_objects_owner ON stored_objects (owner);

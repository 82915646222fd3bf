-- no transaction
-- What is still to be remembered. One that was broken off is of no use, and begun again.
DROP INDEX CONCURRENTLY IF EXISTS conversations_to_remember;
CREATE INDEX CONCURRENTLY conversations_to_remember ON conversations (ended_at)
WHERE ended_at IS NOT NULL AND customer_id IS NOT NULL AND (remembered_at IS NULL OR remembered_at < ended_at);

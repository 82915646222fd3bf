-- no transaction
-- The words of a tenant are found without those of others: the tenant is one of the words. One that was broken off is of
-- no use, and begun again. What an index on the words alone finds belongs to everybody, so nobody could ask it.
DROP INDEX CONCURRENTLY IF EXISTS conversation_items_words_of_tenant;
CREATE INDEX CONCURRENTLY conversation_items_words_of_tenant ON conversation_items
USING gin ((words || array_to_tsvector(ARRAY[tenant_id::text])));
DROP INDEX CONCURRENTLY IF EXISTS conversation_items_words_idx;

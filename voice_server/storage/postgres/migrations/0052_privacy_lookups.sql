-- no transaction
-- An account's traces are looked for in all tenants at once.
DROP INDEX CONCURRENTLY IF EXISTS customer_identities_of_accounts;
CREATE INDEX CONCURRENTLY customer_identities_of_accounts ON customer_identities (value) WHERE kind = 'account';
DROP INDEX CONCURRENTLY IF EXISTS conversations_owner;
CREATE INDEX CONCURRENTLY conversations_owner ON conversations (owner);

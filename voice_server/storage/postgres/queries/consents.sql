-- Answers to questions for consent. The newest counts, be it the account's or that of one of its customers.

-- name: add
INSERT INTO consents (tenant_id, account_id, customer_id, purpose, granted, wording, wording_version)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING given_at

-- name: current
WITH RECURSIVE customers_of AS (
    SELECT customer_id FROM customer_identities
    WHERE tenant_id = $1 AND kind = 'account' AND value = $2::uuid::text
    UNION
    SELECT $3::uuid
    UNION
    SELECT customers.id FROM customers JOIN customers_of ON merged_into = customer_id
), accounts_of AS (
    SELECT $2::uuid AS account_id
    UNION
    SELECT value::uuid FROM customer_identities
    WHERE tenant_id = $1 AND kind = 'account' AND customer_id IN (SELECT customer_id FROM customers_of)
)
SELECT DISTINCT ON (purpose) purpose, granted, wording, wording_version, given_at
FROM consents
WHERE tenant_id = $1 AND (
    account_id IN (SELECT account_id FROM accounts_of) OR customer_id IN (SELECT customer_id FROM customers_of)
)
ORDER BY purpose, given_at DESC, id

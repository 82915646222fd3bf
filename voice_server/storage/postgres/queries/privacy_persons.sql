-- Whom a request is about.

-- name: find
SELECT id FROM customers WHERE tenant_id = $1 AND id = $2

-- name: recognise
SELECT customer_id FROM customer_identities WHERE tenant_id = $1 AND kind = $2 AND value = $3

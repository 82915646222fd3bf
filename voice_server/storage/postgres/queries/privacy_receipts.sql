-- Keys that receipts were signed with, retired ones too.

-- name: public_key
SELECT public_key FROM signing_keys WHERE id = $1

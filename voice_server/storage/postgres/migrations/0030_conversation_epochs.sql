-- Who writes the log of a conversation: whoever goes on with it counts one up, and older writers are refused.
ALTER TABLE conversations ADD COLUMN epoch integer NOT NULL DEFAULT 1;

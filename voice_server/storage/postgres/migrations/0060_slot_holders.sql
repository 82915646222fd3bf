-- Who has a place among a tenant's conversations: one that goes on elsewhere takes its place along.

ALTER TABLE session_slots ADD COLUMN holder text NOT NULL DEFAULT '';
CREATE INDEX session_slots_holder ON session_slots (holder);

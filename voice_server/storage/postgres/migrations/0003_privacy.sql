-- What people allow, ask for and were told; who saw what.

CREATE TABLE stored_objects (
    key text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    conversation_id text,
    customer_id uuid,
    owner text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('answer', 'recording', 'export')),
    content_type text NOT NULL,
    bytes bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz
);
CREATE INDEX ON stored_objects (conversation_id);
CREATE INDEX ON stored_objects (customer_id);
CREATE INDEX ON stored_objects (expires_at) WHERE expires_at IS NOT NULL;

-- Each answer to a question for consent, never changed: the newest counts.
CREATE TABLE consents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    account_id uuid REFERENCES accounts ON DELETE CASCADE,
    customer_id uuid,
    purpose text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 50),
    granted boolean NOT NULL,
    wording text NOT NULL,
    wording_version text NOT NULL,
    given_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((account_id IS NULL) <> (customer_id IS NULL)),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ON consents (account_id, purpose, given_at DESC);
CREATE INDEX ON consents (customer_id, purpose, given_at DESC);

CREATE TABLE privacy_jobs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('export', 'erasure')),
    -- No references: the job outlives whom it is about.
    account_id uuid,
    customer_id uuid,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'cancelled', 'failed')),
    progress real NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    problem text,
    object_key text,
    receipt jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX ON privacy_jobs (due_at) WHERE state IN ('waiting', 'running');
CREATE INDEX ON privacy_jobs (account_id);
CREATE INDEX ON privacy_jobs (customer_id);

-- Free of content: who did what to whose data. Only ever added to.
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    request_id text
);
CREATE INDEX ON audit_log (tenant_id, at DESC);
CREATE INDEX ON audit_log (subject_id);

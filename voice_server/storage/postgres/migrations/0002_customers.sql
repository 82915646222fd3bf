-- Whom a tenant's assistant talks to, what was said, and what is remembered of it.

CREATE TABLE customers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    merged_into uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    -- Whoever refers to a customer names the tenant as well: one tenant's rows can never hang on another's.
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, merged_into) REFERENCES customers (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ON customers (tenant_id, last_seen_at DESC);
CREATE INDEX ON customers (merged_into) WHERE merged_into IS NOT NULL;

-- By what a customer is recognised: an account's id, a telephone number, the subject of a token of the tenant's own.
CREATE TABLE customer_identities (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('account', 'phone', 'subject')),
    value text NOT NULL CHECK (length(value) BETWEEN 1 AND 256),
    customer_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, kind, value),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ON customer_identities (customer_id);

CREATE TABLE conversations (
    id text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    tenant_version integer,
    customer_id uuid,
    owner text NOT NULL,
    assistant text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('realtime', 'voice_chat', 'whatsapp')),
    language text,
    began_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ON conversations (tenant_id, began_at DESC, id);
CREATE INDEX ON conversations (tenant_id, owner, began_at DESC);
CREATE INDEX ON conversations (customer_id, began_at DESC) WHERE customer_id IS NOT NULL;
CREATE INDEX ON conversations (changed_at) WHERE ended_at IS NULL;

-- The log: ordered facts, never changed.
CREATE TABLE conversation_facts (
    conversation_id text NOT NULL,
    sequence bigint NOT NULL,
    tenant_id uuid NOT NULL,
    fact text NOT NULL,
    PRIMARY KEY (conversation_id, sequence),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);

-- What the log comes to: the messages, to be listed and searched.
CREATE TABLE conversation_items (
    conversation_id text NOT NULL,
    id text NOT NULL,
    tenant_id uuid NOT NULL,
    position bigint NOT NULL,
    role text NOT NULL,
    text text NOT NULL,
    status text NOT NULL,
    said_at timestamptz NOT NULL,
    timings jsonb,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple', text)) STORED,
    PRIMARY KEY (conversation_id, id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ON conversation_items USING gin (words);

-- Live sessions, so that any task can go on with them.
CREATE TABLE live_sessions (
    id text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    conversation_id text NOT NULL,
    token_digest bytea NOT NULL UNIQUE CHECK (length(token_digest) = 32),
    holder text NOT NULL,
    principal jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ON live_sessions (expires_at);
CREATE INDEX ON live_sessions (conversation_id);

CREATE TABLE memories (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    topic text NOT NULL CHECK (length(topic) BETWEEN 1 AND 100),
    value text NOT NULL CHECK (length(value) BETWEEN 1 AND 1000),
    confidence real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    source text NOT NULL CHECK (source IN ('said', 'inferred', 'customer', 'staff', 'booking')),
    conversation_id text,
    item_id text,
    learned_at timestamptz NOT NULL DEFAULT now(),
    replaced_by uuid REFERENCES memories ON DELETE SET NULL,
    replaced_at timestamptz,
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id)
        ON DELETE SET NULL (conversation_id)
);
CREATE INDEX ON memories (customer_id, learned_at DESC) WHERE replaced_at IS NULL;
CREATE INDEX ON memories (tenant_id, customer_id, topic);
CREATE INDEX ON memories (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX ON memories (replaced_by) WHERE replaced_by IS NOT NULL;

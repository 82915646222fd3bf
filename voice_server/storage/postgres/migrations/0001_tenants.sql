-- Who works here: tenants, the people of them, and what opens their doors.

CREATE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('app.tenant_id', true), '')::uuid
$$;

CREATE FUNCTION app_sees_everyone() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('app.everyone', true), '') = 'yes'
$$;

CREATE TABLE tenants (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    version integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz
);

INSERT INTO tenants (id, slug, name) VALUES ('00000000-0000-0000-0000-000000000001', 'default', 'Default');

-- How a tenant's assistant is held, each change a new version: running conversations keep theirs.
CREATE TABLE tenant_versions (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    version integer NOT NULL CHECK (version > 0),
    config jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    PRIMARY KEY (tenant_id, version)
);

-- Provider keys and the like, encrypted before they come here.
CREATE TABLE tenant_secrets (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name text NOT NULL,
    ciphertext bytea NOT NULL,
    hint text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    hint text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX ON api_keys (tenant_id, created_at DESC);

-- Keys for browsers (`ek_…`), valid on every task until they expire.
CREATE TABLE client_secrets (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    principal jsonb NOT NULL,
    session_config jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON client_secrets (expires_at);

-- People. An address belongs to one of them, whatever tenants they work for.
CREATE TABLE accounts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    password_hash text NOT NULL,
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    language text CHECK (language ~ '^[a-z]{2}$'),
    time_zone text,
    is_operator boolean NOT NULL DEFAULT false,
    verified_at timestamptz,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));

CREATE TABLE memberships (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('customer', 'staff', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, account_id)
);
CREATE INDEX ON memberships (account_id);

-- One family for each log-in; a token that is used twice ends the family.
CREATE TABLE refresh_tokens (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    family uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX ON refresh_tokens (family);
CREATE INDEX ON refresh_tokens (account_id);
CREATE INDEX ON refresh_tokens (expires_at);

-- What is sent by mail: to verify an address, to set a new password.
CREATE TABLE mailed_tokens (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('verify', 'reset')),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX ON mailed_tokens (account_id);

-- Pairs of keys that access tokens and receipts are signed with; the private half is encrypted.
CREATE TABLE signing_keys (
    id text PRIMARY KEY,
    public_key bytea NOT NULL,
    private_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);

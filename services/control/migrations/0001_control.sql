-- What control owns: who may do what, with which accounts, and which syncs there are.

CREATE TABLE tenants (
    id          text        PRIMARY KEY,
    hash_key_id text        NOT NULL,
    hash_key    bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tenants IS 'Customer organisations.';
COMMENT ON COLUMN tenants.id IS 'The name under which a tenant appears in subjects, keys and requests.';
COMMENT ON COLUMN tenants.hash_key_id IS 'The key-encryption key that wraps hash_key.';
COMMENT ON COLUMN tenants.hash_key IS 'Sealed: the 32-byte key of this tenant''s match-key hashes.';
COMMENT ON COLUMN tenants.created_at IS 'When the tenant was first named.';

CREATE TABLE connections (
    tenant           text        NOT NULL REFERENCES tenants (id),
    id               uuid        NOT NULL,
    name             text        NOT NULL,
    provider         text        NOT NULL,
    account_id       text        NOT NULL,
    account_name     text        NOT NULL,
    state            text        NOT NULL CHECK (state IN ('active', 'unauthorised')),
    reason           text        NOT NULL DEFAULT '',
    missing_rights   text[]      NOT NULL DEFAULT '{}',
    secret_key_id    text        NOT NULL,
    secret           bytea       NOT NULL,
    token_key_id     text,
    token            bytea,
    token_renewed_at timestamptz,
    token_expires_at timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    changed_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, name)
);
COMMENT ON TABLE connections IS 'Accounts at providers that a tenant has signed in to. An account has one connection.';
COMMENT ON COLUMN connections.tenant IS 'The tenant that owns the connection.';
COMMENT ON COLUMN connections.id IS 'Derived from tenant, provider and account, so that signing in again finds the same connection.';
COMMENT ON COLUMN connections.name IS 'The name that people gave it.';
COMMENT ON COLUMN connections.provider IS 'The provider''s name, as its connector describes itself.';
COMMENT ON COLUMN connections.account_id IS 'The account''s stable id at the provider.';
COMMENT ON COLUMN connections.account_name IS 'The account''s display name. Personal: shown to its tenant, never logged.';
COMMENT ON COLUMN connections.state IS 'active, or unauthorised: a person must sign in again.';
COMMENT ON COLUMN connections.reason IS 'Why the connection is unauthorised.';
COMMENT ON COLUMN connections.missing_rights IS 'What the account may not do, in the provider''s words.';
COMMENT ON COLUMN connections.secret_key_id IS 'The key-encryption key that wraps secret.';
COMMENT ON COLUMN connections.secret IS 'Sealed: what the provider needs to issue access tokens; opaque to control.';
COMMENT ON COLUMN connections.token_key_id IS 'The key-encryption key that wraps token.';
COMMENT ON COLUMN connections.token IS 'Sealed: the access token in use, with the address of the provider''s API.';
COMMENT ON COLUMN connections.token_renewed_at IS 'When the access token was issued.';
COMMENT ON COLUMN connections.token_expires_at IS 'When the access token ends.';
COMMENT ON COLUMN connections.created_at IS 'When the account was first connected.';
COMMENT ON COLUMN connections.changed_at IS 'When somebody last signed in, or the state last changed.';

CREATE TABLE sign_ins (
    state_digest bytea       PRIMARY KEY,
    tenant       text        NOT NULL REFERENCES tenants (id),
    key_id       text        NOT NULL,
    sealed       bytea       NOT NULL,
    expires_at   timestamptz NOT NULL
);
COMMENT ON TABLE sign_ins IS 'Sign-ins that a person has begun at a provider. A row is removed by the first attempt to finish it.';
COMMENT ON COLUMN sign_ins.state_digest IS 'Digest of the state parameter; the parameter itself is not stored.';
COMMENT ON COLUMN sign_ins.tenant IS 'The tenant that began it, the only one that may finish it.';
COMMENT ON COLUMN sign_ins.key_id IS 'The key-encryption key that wraps sealed.';
COMMENT ON COLUMN sign_ins.sealed IS 'Sealed: provider, connection name, redirect address and PKCE verifier.';
COMMENT ON COLUMN sign_ins.expires_at IS 'After this it cannot be finished.';
CREATE INDEX sign_ins_expires_at ON sign_ins (expires_at);

CREATE TABLE syncs (
    tenant     text        NOT NULL REFERENCES tenants (id),
    id         uuid        NOT NULL,
    name       text        NOT NULL,
    recipe     text        NOT NULL,
    identity   uuid        NOT NULL,
    state      text        NOT NULL CHECK (state IN ('active', 'preview', 'paused', 'deleting')),
    generation bigint      NOT NULL CHECK (generation >= 1),
    ended      boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, id),
    CHECK (NOT ended OR state = 'deleting')
);
COMMENT ON TABLE syncs IS 'Configured pairings of two collections. Rows are never removed, so that a sync that is created again keeps its id and adopts its links.';
COMMENT ON COLUMN syncs.tenant IS 'The tenant that owns the sync.';
COMMENT ON COLUMN syncs.id IS 'Derived from the accounts, collections and kind of record it was created with.';
COMMENT ON COLUMN syncs.name IS 'The name that people gave it; no two syncs that are not being deleted share one.';
COMMENT ON COLUMN syncs.recipe IS 'The recipe it was made from.';
COMMENT ON COLUMN syncs.identity IS 'Derived from its present accounts, collections and kind of record.';
COMMENT ON COLUMN syncs.state IS 'active; preview: read and planned, never written; paused; deleting: being ended by the reconciler.';
COMMENT ON COLUMN syncs.generation IS 'The generation of its definition in force.';
COMMENT ON COLUMN syncs.ended IS 'Whether the reconciler has ended it; then nobody is told of it any more.';
COMMENT ON COLUMN syncs.created_at IS 'When it was first applied.';
COMMENT ON COLUMN syncs.changed_at IS 'When its definition or state last changed.';
CREATE UNIQUE INDEX syncs_name ON syncs (tenant, name) WHERE state <> 'deleting';
CREATE UNIQUE INDEX syncs_identity ON syncs (tenant, identity) WHERE state <> 'deleting';

CREATE TABLE sync_definitions (
    tenant           text        NOT NULL,
    sync             uuid        NOT NULL,
    generation       bigint      NOT NULL CHECK (generation >= 1),
    left_connection  uuid        NOT NULL,
    right_connection uuid        NOT NULL,
    definition       jsonb       NOT NULL,
    applied_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, sync, generation),
    FOREIGN KEY (tenant, sync) REFERENCES syncs (tenant, id),
    FOREIGN KEY (tenant, left_connection) REFERENCES connections (tenant, id),
    FOREIGN KEY (tenant, right_connection) REFERENCES connections (tenant, id)
);
COMMENT ON TABLE sync_definitions IS 'What each generation of a sync does. A new generation begins when mapping, direction or scope change.';
COMMENT ON COLUMN sync_definitions.tenant IS 'The tenant that owns the sync.';
COMMENT ON COLUMN sync_definitions.sync IS 'The sync.';
COMMENT ON COLUMN sync_definitions.generation IS 'Counted from 1.';
COMMENT ON COLUMN sync_definitions.left_connection IS 'The connection of the left side.';
COMMENT ON COLUMN sync_definitions.right_connection IS 'The connection of the right side.';
COMMENT ON COLUMN sync_definitions.definition IS 'The resolved definition: collections by id, complete mapping, match criteria, policies.';
COMMENT ON COLUMN sync_definitions.applied_at IS 'When this generation was last applied.';

CREATE TABLE audit (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant  text        NOT NULL REFERENCES tenants (id),
    at      timestamptz NOT NULL DEFAULT now(),
    actor   text        NOT NULL,
    action  text        NOT NULL,
    subject text        NOT NULL,
    detail  jsonb       NOT NULL DEFAULT '[]'
);
COMMENT ON TABLE audit IS 'Who changed what. Without values of records, secrets or display names.';
COMMENT ON COLUMN audit.id IS 'Ascending.';
COMMENT ON COLUMN audit.tenant IS 'The tenant it happened in.';
COMMENT ON COLUMN audit.at IS 'When.';
COMMENT ON COLUMN audit.actor IS 'tenant: whoever holds the tenant''s token; service: another service of the system.';
COMMENT ON COLUMN audit.action IS 'For example sync.changed or connection.unauthorised.';
COMMENT ON COLUMN audit.subject IS 'The id of the connection or sync.';
COMMENT ON COLUMN audit.detail IS 'The differences, a line each.';
CREATE INDEX audit_tenant_at ON audit (tenant, at);

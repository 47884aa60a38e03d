-- The outbox (R-29).
CREATE TABLE write (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    sync text NOT NULL,
    link uuid NOT NULL REFERENCES link,
    side smallint NOT NULL CHECK (side IN (1, 2)),
    connection text NOT NULL,
    provider text NOT NULL,
    generation bigint NOT NULL,
    operation text NOT NULL CHECK (operation IN ('create', 'update', 'delete', 'read')),
    body bytea NOT NULL,
    plan jsonb NOT NULL DEFAULT '{}',
    destructive boolean NOT NULL DEFAULT false,
    overwriting boolean NOT NULL DEFAULT false,
    lane smallint NOT NULL DEFAULT 2,
    status text NOT NULL CHECK (status IN ('queued', 'released', 'started', 'answered', 'revoked', 'unknown')),
    result text NOT NULL DEFAULT '',
    run bigint NOT NULL,
    traceparent text NOT NULL DEFAULT '',
    not_before timestamptz NOT NULL DEFAULT now(),
    queued_at timestamptz NOT NULL DEFAULT now(),
    released_at timestamptz,
    started_at timestamptz,
    answered_at timestamptz
);
CREATE UNIQUE INDEX write_current ON write (link, side) WHERE status IN ('queued', 'released', 'started');
CREATE INDEX write_outbox ON write (provider, tenant, connection, lane, queued_at) WHERE status = 'queued';
CREATE INDEX write_open ON write (tenant, connection) WHERE status IN ('released', 'started');
CREATE INDEX write_sync_open ON write (tenant, sync) WHERE status IN ('queued', 'released', 'started');
CREATE INDEX write_guard ON write (tenant, sync, side, queued_at) WHERE destructive OR overwriting;
COMMENT ON TABLE write IS 'The outbox: every write that a plan asked for, from queued to answered (R-25, R-29).';
COMMENT ON COLUMN write.id IS 'The write''s id.';
COMMENT ON COLUMN write.tenant IS 'The customer organisation.';
COMMENT ON COLUMN write.sync IS 'The sync.';
COMMENT ON COLUMN write.link IS 'The link that it belongs to; one open write a link and side.';
COMMENT ON COLUMN write.side IS 'The side that is written: 1 left, 2 right.';
COMMENT ON COLUMN write.connection IS 'The connection through which it goes.';
COMMENT ON COLUMN write.provider IS 'The provider''s name, for the subject.';
COMMENT ON COLUMN write.generation IS 'The sync''s generation that it was planned under; a claim checks it.';
COMMENT ON COLUMN write.operation IS 'create, update, delete, read.';
COMMENT ON COLUMN write.body IS 'rapport.write.v1.Write as it is sent.';
COMMENT ON COLUMN write.plan IS 'What moves when it is applied: pairs of paths with the values that the plan was made from (R-12).';
COMMENT ON COLUMN write.destructive IS 'Whether it deletes a record or clears a value; counted by the guard.';
COMMENT ON COLUMN write.overwriting IS 'Whether it replaces a value; counted by the guard.';
COMMENT ON COLUMN write.lane IS '0 people waiting, 1 changes, 2 baseline.';
COMMENT ON COLUMN write.status IS 'queued and released are revocable; started has been claimed; unknown: its answer was lost.';
COMMENT ON COLUMN write.result IS 'How it ended.';
COMMENT ON COLUMN write.run IS 'The run that it counts for.';
COMMENT ON COLUMN write.traceparent IS 'The trace of the change that caused it, in W3C form.';
COMMENT ON COLUMN write.not_before IS 'Not released before this time.';
COMMENT ON COLUMN write.queued_at IS 'When it was planned.';
COMMENT ON COLUMN write.released_at IS 'When it was last published.';
COMMENT ON COLUMN write.started_at IS 'When a writer claimed it.';
COMMENT ON COLUMN write.answered_at IS 'When it ended.';

-- Connections that have to wait.
CREATE TABLE pace (
    tenant text NOT NULL,
    connection text NOT NULL,
    wait_until timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, connection)
);
COMMENT ON TABLE pace IS 'Connections to which nothing is released for a while: throttled, or signed out.';
COMMENT ON COLUMN pace.tenant IS 'The customer organisation.';
COMMENT ON COLUMN pace.connection IS 'The connection.';
COMMENT ON COLUMN pace.wait_until IS 'Until when nothing is released.';
COMMENT ON COLUMN pace.reason IS 'Why, for people.';

-- Every value that a write changed.
CREATE TABLE history (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    sync text NOT NULL,
    link uuid NOT NULL,
    side smallint NOT NULL CHECK (side IN (1, 2)),
    remote_id text NOT NULL,
    write uuid,
    path text NOT NULL,
    before jsonb,
    after jsonb,
    cause text NOT NULL,
    run bigint NOT NULL,
    trace_id text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX history_sync ON history (tenant, sync, id);
CREATE INDEX history_link ON history (link, id);
COMMENT ON TABLE history IS 'Every value that a write of ours changed or removed, so that it can be found and restored.';
COMMENT ON COLUMN history.id IS 'Time-ordered.';
COMMENT ON COLUMN history.tenant IS 'The customer organisation.';
COMMENT ON COLUMN history.sync IS 'The sync.';
COMMENT ON COLUMN history.link IS 'The link.';
COMMENT ON COLUMN history.side IS 'The side that was written: 1 left, 2 right.';
COMMENT ON COLUMN history.remote_id IS 'The provider''s id of the record.';
COMMENT ON COLUMN history.write IS 'The write that did it.';
COMMENT ON COLUMN history.path IS 'The path; empty for the whole record.';
COMMENT ON COLUMN history.before IS 'What was there; null when empty.';
COMMENT ON COLUMN history.after IS 'What is there now; null when empty.';
COMMENT ON COLUMN history.cause IS 'edit, conflict, first contact, drift, create, delete, restore.';
COMMENT ON COLUMN history.run IS 'The run.';
COMMENT ON COLUMN history.trace_id IS 'The trace, in W3C form.';
COMMENT ON COLUMN history.at IS 'When the outcome was applied.';

-- What other systems are told.
CREATE TABLE notice (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    sync text NOT NULL,
    event jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
CREATE INDEX notice_unpublished ON notice (id) WHERE published_at IS NULL;
CREATE INDEX notice_sync ON notice (tenant, sync, id);
COMMENT ON TABLE notice IS 'What other systems are told: one CloudEvent each, with ids and paths, without values.';
COMMENT ON COLUMN notice.id IS 'The event''s id; the same when it is published again.';
COMMENT ON COLUMN notice.tenant IS 'The customer organisation.';
COMMENT ON COLUMN notice.sync IS 'The sync.';
COMMENT ON COLUMN notice.event IS 'The CloudEvent.';
COMMENT ON COLUMN notice.at IS 'When it happened.';
COMMENT ON COLUMN notice.published_at IS 'When JetStream acknowledged it.';

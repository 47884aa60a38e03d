-- Every sync that this reconciler carries out, with where it stands.
CREATE TABLE sync (
    tenant text NOT NULL,
    sync text NOT NULL,
    definition bytea NOT NULL,
    generation bigint NOT NULL,
    wanted text NOT NULL CHECK (wanted IN ('active', 'preview', 'paused', 'deleting')),
    phase text NOT NULL CHECK (phase IN ('baseline', 'live', 'deactivating', 'off')),
    held text,
    held_reason text NOT NULL DEFAULT '',
    guard_accepted_at timestamptz,
    activated_at timestamptz NOT NULL DEFAULT now(),
    run bigint NOT NULL DEFAULT 1,
    run_began_at timestamptz NOT NULL DEFAULT now(),
    run_written bigint NOT NULL DEFAULT 0,
    last_run_at timestamptz,
    last_run_result text NOT NULL DEFAULT '',
    last_outcome_at timestamptz,
    totals jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, sync)
);
COMMENT ON TABLE sync IS 'Every sync that this reconciler carries out. Each transaction on a sync first locks its row (R-32).';
COMMENT ON COLUMN sync.tenant IS 'The customer organisation.';
COMMENT ON COLUMN sync.sync IS 'The sync''s id, derived by control from the two accounts and collections.';
COMMENT ON COLUMN sync.definition IS 'rapport.control.v1.SyncDefinition as control last gave it.';
COMMENT ON COLUMN sync.generation IS 'Raised by control when mapping, direction or scope change; every link is then planned again (R-14).';
COMMENT ON COLUMN sync.wanted IS 'What control wants: active, preview, paused, deleting.';
COMMENT ON COLUMN sync.phase IS 'baseline: both sides are read to the end before anything is written; live; deactivating: started writes are awaited; off.';
COMMENT ON COLUMN sync.held IS 'Why nothing is planned at present: paused, guard, collection; null when nothing holds it.';
COMMENT ON COLUMN sync.held_reason IS 'The hold in words for people.';
COMMENT ON COLUMN sync.guard_accepted_at IS 'When a person last accepted what the guard held back; the guard counts from then on.';
COMMENT ON COLUMN sync.activated_at IS 'When it was last turned on; links of the time before are adopted until readings begin later than the horizon (R-24).';
COMMENT ON COLUMN sync.run IS 'The current run, from 1 (the baseline).';
COMMENT ON COLUMN sync.run_began_at IS 'When the current run began.';
COMMENT ON COLUMN sync.run_written IS 'Records written in the current run, which caps count.';
COMMENT ON COLUMN sync.last_run_at IS 'When a run last left nothing pending.';
COMMENT ON COLUMN sync.last_run_result IS 'What the last run did, in words for people.';
COMMENT ON COLUMN sync.last_outcome_at IS 'When the last outcome was applied.';
COMMENT ON COLUMN sync.totals IS 'What all runs have done, by name.';

-- Where each feed stands (R-01).
CREATE TABLE feed (
    tenant text NOT NULL,
    sync text NOT NULL,
    side smallint NOT NULL CHECK (side IN (1, 2)),
    begun_epoch bigint NOT NULL DEFAULT 0,
    begun_at timestamptz,
    epoch bigint NOT NULL DEFAULT 0,
    number bigint NOT NULL DEFAULT 0,
    cursor text NOT NULL DEFAULT '',
    snapshot text,
    complete boolean NOT NULL DEFAULT false,
    round_began_at timestamptz,
    round_ended_at timestamptz,
    records_read bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, sync, side),
    FOREIGN KEY (tenant, sync) REFERENCES sync ON DELETE CASCADE
);
COMMENT ON TABLE feed IS 'The position of each side''s feed; stored in the transaction that applies a batch (R-01).';
COMMENT ON COLUMN feed.tenant IS 'The customer organisation.';
COMMENT ON COLUMN feed.sync IS 'The sync.';
COMMENT ON COLUMN feed.side IS '1 left, 2 right.';
COMMENT ON COLUMN feed.begun_epoch IS 'The newest epoch given to a connector.';
COMMENT ON COLUMN feed.begun_at IS 'When that epoch was given, by this database''s clock.';
COMMENT ON COLUMN feed.epoch IS 'The epoch of the last batch applied.';
COMMENT ON COLUMN feed.number IS 'The number of the last batch applied within its epoch.';
COMMENT ON COLUMN feed.cursor IS 'Where reading starts again; empty for a first reading.';
COMMENT ON COLUMN feed.snapshot IS 'The snapshot being read, if any.';
COMMENT ON COLUMN feed.complete IS 'Whether a snapshot of the whole account has ended under the current generation.';
COMMENT ON COLUMN feed.round_began_at IS 'When the last round that was read to its end began.';
COMMENT ON COLUMN feed.round_ended_at IS 'When the last round was read to its end.';
COMMENT ON COLUMN feed.records_read IS 'Records that this feed has shown so far, repeats included.';

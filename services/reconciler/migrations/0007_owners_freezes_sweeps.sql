-- One owner (R-10): which syncs keep the same two accounts in step is found without decoding definitions.
ALTER TABLE sync ADD COLUMN kind text NOT NULL DEFAULT '',
    ADD COLUMN left_account text NOT NULL DEFAULT '',
    ADD COLUMN right_account text NOT NULL DEFAULT '',
    ADD COLUMN sweep_began_at timestamptz;
CREATE INDEX sync_accounts ON sync (tenant, kind, left_account, right_account);
COMMENT ON COLUMN sync.kind IS 'The kind of record, from the definition; empty until control was asked again.';
COMMENT ON COLUMN sync.left_account IS 'The left account''s stable id, from the definition.';
COMMENT ON COLUMN sync.right_account IS 'The right account''s stable id, from the definition.';
COMMENT ON COLUMN sync.sweep_began_at IS 'When the sweep that is under way began: readings of the whole account are wanted that end later (R-35); null when none is.';

ALTER TABLE feed ADD COLUMN whole_at timestamptz;
COMMENT ON COLUMN feed.whole_at IS 'When a reading of the whole account last ended.';

-- Flap breaker (R-10): paths that bounce between two values.
CREATE TABLE frozen_path (
    link uuid NOT NULL REFERENCES link ON DELETE CASCADE,
    pair text NOT NULL,
    tenant text NOT NULL,
    sync text NOT NULL,
    frozen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_at timestamptz,
    PRIMARY KEY (link, pair)
);
CREATE INDEX frozen_path_sync ON frozen_path (tenant, sync);
COMMENT ON TABLE frozen_path IS 'Paths of links that bounce between two values and are written on neither side (R-10).';
COMMENT ON COLUMN frozen_path.link IS 'The link.';
COMMENT ON COLUMN frozen_path.pair IS 'The pair of paths, as in the base.';
COMMENT ON COLUMN frozen_path.tenant IS 'The customer organisation.';
COMMENT ON COLUMN frozen_path.sync IS 'The sync.';
COMMENT ON COLUMN frozen_path.frozen_at IS 'When it was frozen.';
COMMENT ON COLUMN frozen_path.released_at IS 'When it was released; writes up to then do not count any more. Null while it is frozen.';

-- Sweeps (R-35): each sync's last complete comparison, and how far the present one has come.
CREATE TABLE sweep (
    tenant text NOT NULL,
    sync text NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    after_left_id text NOT NULL DEFAULT '',
    after_link uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    compared bigint NOT NULL DEFAULT 0,
    differing bigint NOT NULL DEFAULT 0,
    unexplained bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, sync),
    FOREIGN KEY (tenant, sync) REFERENCES sync ON DELETE CASCADE
);
COMMENT ON TABLE sweep IS 'Each sync''s last sweep: a complete comparison of both sides with each other and with what is stored (R-35).';
COMMENT ON COLUMN sweep.tenant IS 'The customer organisation.';
COMMENT ON COLUMN sweep.sync IS 'The sync.';
COMMENT ON COLUMN sweep.began_at IS 'When it began.';
COMMENT ON COLUMN sweep.ended_at IS 'When it ended; null while it is under way.';
COMMENT ON COLUMN sweep.after_left_id IS 'How far the comparison of links has come: the left id of the last one compared.';
COMMENT ON COLUMN sweep.after_link IS 'The last link compared.';
COMMENT ON COLUMN sweep.compared IS 'Links compared.';
COMMENT ON COLUMN sweep.differing IS 'Links that were at rest although there was something to do.';
COMMENT ON COLUMN sweep.unexplained IS 'Pairs of paths whose two bases differed without a recorded reason; they were healed as first contacts.';

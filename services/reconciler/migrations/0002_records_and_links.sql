-- What each side was last seen to hold.
CREATE TABLE record (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    sync text NOT NULL,
    side smallint NOT NULL CHECK (side IN (1, 2)),
    remote_id text NOT NULL,
    former_ids text[] NOT NULL DEFAULT '{}',
    version_token text NOT NULL DEFAULT '',
    changed_at_micros bigint,
    coarse boolean NOT NULL DEFAULT false,
    fields jsonb,
    readable text[] NOT NULL DEFAULT '{}',
    in_scope boolean NOT NULL,
    presence text NOT NULL CHECK (presence IN ('live', 'doubtful', 'unsettled', 'gone', 'out of reach')),
    unreadable text,
    marker text NOT NULL DEFAULT '',
    snapshot text,
    written_at timestamptz,
    ours boolean NOT NULL DEFAULT false,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    unsettled_at timestamptz,
    unmatched boolean NOT NULL DEFAULT true,
    UNIQUE (tenant, sync, side, remote_id),
    FOREIGN KEY (tenant, sync) REFERENCES sync ON DELETE CASCADE
);
CREATE INDEX record_unsettled ON record (tenant, sync) WHERE presence IN ('unsettled', 'doubtful');
CREATE INDEX record_unmatched ON record (tenant, sync) WHERE unmatched;
CREATE INDEX record_marker ON record (tenant, sync, side, marker) WHERE marker <> '';
COMMENT ON TABLE record IS 'What each side was last seen to hold. Of a record outside the scope only id, version and match-key hashes are stored (R-06).';
COMMENT ON COLUMN record.id IS 'Our own id of this row.';
COMMENT ON COLUMN record.tenant IS 'The customer organisation.';
COMMENT ON COLUMN record.sync IS 'The sync.';
COMMENT ON COLUMN record.side IS '1 left, 2 right.';
COMMENT ON COLUMN record.remote_id IS 'The provider''s id.';
COMMENT ON COLUMN record.former_ids IS 'Ids under which the provider knew it before.';
COMMENT ON COLUMN record.version_token IS 'The provider''s version token, compared for equality only.';
COMMENT ON COLUMN record.changed_at_micros IS 'When the provider says it last changed; microseconds since the Unix epoch.';
COMMENT ON COLUMN record.coarse IS 'Whether equal versions may carry different content.';
COMMENT ON COLUMN record.fields IS 'Canonical fields by path; null outside the scope.';
COMMENT ON COLUMN record.readable IS 'Root paths that could be read; every other path is unknown (R-04).';
COMMENT ON COLUMN record.in_scope IS 'Whether it is inside the sync''s collection.';
COMMENT ON COLUMN record.presence IS 'live; doubtful: an old picture was shown, so that it is read by id first (R-03); unsettled: a tombstone or an absence that is not settled yet (R-19); gone: proved; out of reach.';
COMMENT ON COLUMN record.unreadable IS 'Why the connector could not carry it, if so.';
COMMENT ON COLUMN record.marker IS 'The marker that we put on it, as read (R-08).';
COMMENT ON COLUMN record.snapshot IS 'The last snapshot that mentioned it.';
COMMENT ON COLUMN record.written_at IS 'When an outcome of our own write last touched it.';
COMMENT ON COLUMN record.ours IS 'Whether its present version is our own write, which has no edit time (R-16).';
COMMENT ON COLUMN record.first_seen_at IS 'When it was first seen; older records are planned first.';
COMMENT ON COLUMN record.unsettled_at IS 'Since when it is unsettled.';
COMMENT ON COLUMN record.unmatched IS 'Whether it still has to be matched.';

-- Keyed hashes by which records are matched.
CREATE TABLE match_key (
    record bigint NOT NULL REFERENCES record ON DELETE CASCADE,
    tenant text NOT NULL,
    sync text NOT NULL,
    side smallint NOT NULL,
    rank smallint NOT NULL,
    hash bytea NOT NULL,
    name_hash bytea NOT NULL
);
CREATE INDEX match_key_hash ON match_key (tenant, sync, side, hash);
CREATE INDEX match_key_record ON match_key (record);
COMMENT ON TABLE match_key IS 'Keyed hashes of the values by which records are matched, inside and outside the scope (R-06).';
COMMENT ON COLUMN match_key.record IS 'The record.';
COMMENT ON COLUMN match_key.tenant IS 'The customer organisation.';
COMMENT ON COLUMN match_key.sync IS 'The sync.';
COMMENT ON COLUMN match_key.side IS '1 left, 2 right.';
COMMENT ON COLUMN match_key.rank IS '0 for the duplicate criterion, higher for fall-backs.';
COMMENT ON COLUMN match_key.hash IS 'Keyed hash of the normalised value.';
COMMENT ON COLUMN match_key.name_hash IS 'Keyed hash of the record''s name, which settles keys that several records share (R-09).';

-- The same thing on two sides, or a record on one side that has no counterpart yet.
CREATE TABLE link (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    sync text NOT NULL,
    left_record bigint REFERENCES record ON DELETE SET NULL,
    right_record bigint REFERENCES record ON DELETE SET NULL,
    left_id text NOT NULL DEFAULT '',
    right_id text NOT NULL DEFAULT '',
    base jsonb,
    state text NOT NULL CHECK (state IN ('in sync', 'pending', 'deferred', 'excluded', 'set aside', 'closed')),
    reason text NOT NULL DEFAULT '',
    dirty boolean NOT NULL DEFAULT true,
    created_side smallint CHECK (created_side IN (1, 2)),
    marker text NOT NULL DEFAULT '',
    create_generation int NOT NULL DEFAULT 1,
    look_up_after timestamptz,
    unknown_count int NOT NULL DEFAULT 0,
    stale_count int NOT NULL DEFAULT 0,
    traceparent text NOT NULL DEFAULT '',
    restores jsonb,
    made_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    FOREIGN KEY (tenant, sync) REFERENCES sync ON DELETE CASCADE
);
CREATE UNIQUE INDEX link_left ON link (left_record) WHERE state <> 'closed' AND left_record IS NOT NULL;
CREATE UNIQUE INDEX link_right ON link (right_record) WHERE state <> 'closed' AND right_record IS NOT NULL;
CREATE INDEX link_dirty ON link (tenant, sync) WHERE dirty AND state <> 'closed';
CREATE INDEX link_state ON link (tenant, sync, state);
CREATE INDEX link_marker ON link (tenant, sync, marker) WHERE marker <> '';
CREATE INDEX link_left_id ON link (tenant, sync, left_id);
CREATE INDEX link_right_id ON link (tenant, sync, right_id);
COMMENT ON TABLE link IS 'The same thing on two sides, or a record on one side that has no counterpart yet. Ends as a closed row and is never removed (R-11).';
COMMENT ON COLUMN link.id IS 'The link''s id, derived from the sync and the records it began with (R-34).';
COMMENT ON COLUMN link.tenant IS 'The customer organisation.';
COMMENT ON COLUMN link.sync IS 'The sync.';
COMMENT ON COLUMN link.left_record IS 'The record on the left side, if any.';
COMMENT ON COLUMN link.right_record IS 'The record on the right side, if any.';
COMMENT ON COLUMN link.left_id IS 'The left record''s provider id, kept when the record is gone.';
COMMENT ON COLUMN link.right_id IS 'The right record''s provider id, kept when the record is gone.';
COMMENT ON COLUMN link.base IS 'How both sides looked when they last agreed, by pair of paths (R-12, R-14); null before they ever did.';
COMMENT ON COLUMN link.state IS 'The one state of this sync record; closed rows count no more.';
COMMENT ON COLUMN link.reason IS 'Why it is in that state, for people.';
COMMENT ON COLUMN link.dirty IS 'Whether a stored rendering may differ from its base and no plan has disposed of it yet (R-13).';
COMMENT ON COLUMN link.created_side IS 'The side on which we created the record, if we did.';
COMMENT ON COLUMN link.marker IS 'The marker of the record that we create or created for it (R-08).';
COMMENT ON COLUMN link.create_generation IS 'Raised when a record has to be created anew, so that its marker differs (R-08).';
COMMENT ON COLUMN link.look_up_after IS 'A create of unknown fate is repeated only after a complete reading that began later than this (R-26).';
COMMENT ON COLUMN link.unknown_count IS 'Writes of unknown fate since the last answer.';
COMMENT ON COLUMN link.stale_count IS 'Stale answers since the last applied write.';
COMMENT ON COLUMN link.traceparent IS 'The trace of the change that made it dirty.';
COMMENT ON COLUMN link.restores IS 'Values that a person asked to restore, by side and path; planned like edits.';
COMMENT ON COLUMN link.made_at IS 'When the link was made.';
COMMENT ON COLUMN link.closed_at IS 'When it was closed.';

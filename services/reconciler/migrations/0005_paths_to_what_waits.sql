-- What waits is found without looking at what does not, however large a sync is.
DROP INDEX link_dirty;
CREATE INDEX link_dirty ON link (tenant, sync, ((left_record IS NULL OR right_record IS NULL)), made_at, id)
    WHERE dirty AND state <> 'closed';
CREATE INDEX link_adopted ON link (tenant, sync) WHERE state = 'in sync' AND reason = 'adopted';
CREATE INDEX link_looked_up ON link (tenant, sync) WHERE look_up_after IS NOT NULL AND state <> 'closed';
DROP INDEX record_unmatched;
CREATE INDEX record_waiting ON record (tenant, sync, first_seen_at, id)
    WHERE unmatched AND presence = 'live' AND (in_scope OR marker <> '');
DROP INDEX write_outbox;
CREATE INDEX write_queued ON write (tenant, connection, lane, queued_at, id) WHERE status = 'queued';
CREATE INDEX write_released ON write (released_at) WHERE status = 'released';
CREATE INDEX write_started ON write (started_at) WHERE status = 'started';

ALTER TABLE sync ADD COLUMN guarded jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN sync.guarded IS 'How many links there were at the guard''s last count, and at most how many records were overwritten since, by side (R-22).';

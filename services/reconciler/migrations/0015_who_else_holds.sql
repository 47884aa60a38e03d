-- One owner (R-10) among thousands of syncs that share one account: who else holds a record is found by what it is,
-- not by asking each of them.
ALTER TABLE link ADD COLUMN has_identity boolean NOT NULL DEFAULT false;
UPDATE link SET has_identity = true FROM sync s
    WHERE s.tenant = link.tenant AND s.sync = link.sync AND s.kind = 'event';
CREATE INDEX link_identity_left ON link (tenant, left_id) WHERE has_identity AND left_id <> '';
CREATE INDEX link_identity_right ON link (tenant, right_id) WHERE has_identity AND right_id <> '';
CREATE INDEX sync_right_account ON sync (tenant, kind, right_account);
COMMENT ON COLUMN link.has_identity IS 'Whether records of its kind are the same in whatever account they are seen, so that links of other syncs are found by the ids of an account they share.';

-- Where a provider sets a value only when it makes a record, a change of it comes back as a new record (R-11).
ALTER TABLE write ADD COLUMN anew boolean NOT NULL DEFAULT false;
CREATE INDEX write_anew ON write (tenant, sync, side)
    WHERE anew AND status IN ('queued', 'released', 'started', 'unknown');
COMMENT ON COLUMN write.anew IS 'Whether its provider may carry it out by making the record anew, under another id.';

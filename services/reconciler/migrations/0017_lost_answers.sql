-- What became of a write whose answer was lost is asked by its link.
CREATE INDEX write_unknown ON write (link, side, queued_at) WHERE status = 'unknown';

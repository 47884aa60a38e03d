ALTER TABLE sync ADD COLUMN baseline_ended_at timestamptz;
COMMENT ON COLUMN sync.baseline_ended_at IS 'When both sides had been read to the end and were matched; null again once anything held the sync. Until its first run is over, links of that moment are created without a look-up (R-07).';

ALTER TABLE sync ADD COLUMN baseline_began_at timestamptz, ADD COLUMN baseline_ended_at timestamptz;
COMMENT ON COLUMN sync.baseline_began_at IS 'When the baseline''s first reading began; null again once anything held the sync.';
COMMENT ON COLUMN sync.baseline_ended_at IS 'When both sides had been read to the end and were matched; null again once anything held the sync. Until its first run is over, what was matched by then is created with a shorter look-up (R-07).';

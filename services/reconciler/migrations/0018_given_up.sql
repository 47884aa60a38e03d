-- Where a record that was being made anew was given up again, it is shown for a while, and may be going away (R-19).
CREATE INDEX write_given_up ON write (tenant, sync, side, answered_at)
    WHERE anew AND status = 'answered' AND result = 'stale';

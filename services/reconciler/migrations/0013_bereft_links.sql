-- Where a link remembers the id of a record that is gone from it (R-11).
CREATE INDEX link_bereft_left ON link (tenant, sync, left_id)
    WHERE left_record IS NULL AND left_id <> '' AND state <> 'closed';
CREATE INDEX link_bereft_right ON link (tenant, sync, right_id)
    WHERE right_record IS NULL AND right_id <> '' AND state <> 'closed';

-- What was taken out of the bin is known again, however often another record was made in its place (R-11).
ALTER TABLE record ADD COLUMN former_link uuid;
CREATE INDEX record_former ON record (id) WHERE former_link IS NOT NULL;
COMMENT ON COLUMN record.former_link IS 'The link that had it when it was found gone, if that one ended or went on with another record; else null.';

-- Where a link ended, the one that its other record has now counts as the one that went on.
CREATE VIEW former_place AS
SELECT r.id AS record, f.id AS link, own.id AS holder, own.presence AS presence
FROM record r
JOIN link had ON had.id = r.former_link
CROSS JOIN LATERAL (
    SELECT l.id, l.left_record, l.right_record FROM link l
    WHERE l.id = had.id AND l.state <> 'closed'
    UNION ALL
    SELECT l.id, l.left_record, l.right_record FROM link l
    WHERE had.state = 'closed' AND l.state <> 'closed' AND r.side = 1 AND l.right_record = had.right_record
    UNION ALL
    SELECT l.id, l.left_record, l.right_record FROM link l
    WHERE had.state = 'closed' AND l.state <> 'closed' AND r.side = 2 AND l.left_record = had.left_record
) f
LEFT JOIN record own ON own.id = CASE r.side WHEN 1 THEN f.left_record ELSE f.right_record END
WHERE r.former_link IS NOT NULL AND own.id IS DISTINCT FROM r.id;
COMMENT ON VIEW former_place IS 'The places that records had in open links before they were found gone.';
COMMENT ON COLUMN former_place.record IS 'The record that had the place.';
COMMENT ON COLUMN former_place.link IS 'The open link.';
COMMENT ON COLUMN former_place.holder IS 'The record that has the place now; null if there is none.';
COMMENT ON COLUMN former_place.presence IS 'Whether that one is there; null if there is none.';

-- A run asks of each record that is left to another sync whether that still holds it. Of a meeting that a whole company
-- attends it need not look at every copy again.
ALTER TABLE link ADD COLUMN held_by uuid;
COMMENT ON COLUMN link.held_by IS 'The link of another sync that held its records when they were last left to it; says nothing of links that are not.';

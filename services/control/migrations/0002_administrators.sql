COMMENT ON COLUMN audit.actor IS 'tenant: whoever holds the tenant''s token; service: another service of the system; administrator: whoever administers the installation.';

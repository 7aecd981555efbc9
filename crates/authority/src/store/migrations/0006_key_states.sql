-- When a signing key came into its state; 0 when that was before this was noted.
ALTER TABLE signing_keys ADD COLUMN moved BIGINT NOT NULL DEFAULT 0;

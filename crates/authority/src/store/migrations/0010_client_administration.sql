-- Clients that are administered while the authority runs: since when they are known, and since when they may do nothing.
ALTER TABLE clients ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN disabled BIGINT;

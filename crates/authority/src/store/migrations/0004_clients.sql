-- How clients authenticate themselves.

-- Identifiers that must be accepted once only; a row for each until its assertion has expired.
CREATE TABLE used_ids (
    id_hash TEXT PRIMARY KEY,
    expires BIGINT NOT NULL
);
CREATE INDEX used_ids_by_expiry ON used_ids (expires);

-- What was done, in a chain of hashes. Nothing changes or deletes a row.
CREATE TABLE audit_log (
    number  BIGINT PRIMARY KEY,
    time    BIGINT NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    target  TEXT NOT NULL,
    details TEXT NOT NULL,
    hash    TEXT NOT NULL
);

-- The end of the chain as NUMBER:HASH; at first the number 0 and a hash of zeros.
INSERT INTO meta (name, value) VALUES ('audit_head', '0:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');

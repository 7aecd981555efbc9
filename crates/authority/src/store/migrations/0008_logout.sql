-- Which clients are to be told when a session ends, by what they call its user: as long as the session.
CREATE TABLE session_clients (
    sid       TEXT NOT NULL,
    client_id TEXT NOT NULL,
    name      TEXT NOT NULL,
    expires   BIGINT NOT NULL,
    PRIMARY KEY (sid, client_id)
);
CREATE INDEX session_clients_by_expiry ON session_clients (expires);

-- Who has yet to be told that a session has ended: written with its end.
CREATE TABLE logout_notices (
    sid       TEXT NOT NULL,
    client_id TEXT NOT NULL,
    name      TEXT NOT NULL,
    due       BIGINT NOT NULL,
    attempts  BIGINT NOT NULL,
    PRIMARY KEY (sid, client_id)
);
CREATE INDEX logout_notices_by_due ON logout_notices (due);

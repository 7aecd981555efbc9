-- Sessions end when nobody uses them: "expires" moves with their use, up to this. Those of before keep their time.
ALTER TABLE sessions ADD COLUMN latest_end BIGINT NOT NULL DEFAULT 0;
UPDATE sessions SET latest_end = expires;

-- The channel an account is shown as. A loopback account may stand for another one ("as" in its settings): the demo then
-- looks as the real channels do. A generated column, so that no screen and no query has to know.
ALTER TABLE channel_account
  ADD COLUMN channel text NOT NULL GENERATED ALWAYS AS (coalesce(nullif(config ->> 'as', ''), kind)) STORED;

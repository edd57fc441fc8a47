-- The outbox asks by account what is due, and by thread what is still before it: partial, so that what is finished costs nothing.
DROP INDEX delivery_due_idx;
CREATE INDEX delivery_due_idx ON delivery (account_id, next_at) WHERE state IN ('held', 'queued', 'sending');
CREATE INDEX delivery_open_idx ON delivery (thread_id, seq) WHERE state IN ('held', 'queued', 'sending');

-- Sleeping conversations by the time they wake.
CREATE INDEX conversation_snoozed_idx ON conversation (snoozed_until) WHERE status = 'snoozed';

-- Every message updates its conversation and writes an event: each index on them is paid for by every message.
-- A person's own list is short, so it needs no order in the index, and most rows of the way in have no assignee.
DROP INDEX "conversation_tenant_id_assignee_id_status_last_at_idx";
CREATE INDEX conversation_assignee_idx ON conversation (assignee_id, status) WHERE assignee_id IS NOT NULL;

-- The feed is always asked for within tenants.
DROP INDEX "event_xid_id_idx";

-- CreateTable
CREATE TABLE "thread_participant" (
    "thread_id" UUID NOT NULL,
    "value_hash" BYTEA NOT NULL,
    "tenant_id" UUID NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "thread_participant_pkey" PRIMARY KEY ("thread_id","value_hash")
);

ALTER TABLE thread_participant
  ADD CONSTRAINT thread_participant_value_hash_size CHECK (octet_length(value_hash) = 32),
  ADD CONSTRAINT thread_participant_thread_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES thread (tenant_id, id);

-- News (edits, receipts) whose message has not come yet is found by the message's id, without reading what else waits.
CREATE INDEX inbound_event_waiting_idx ON inbound_event (account_id, (payload ->> 'id')) WHERE state = 'waiting';

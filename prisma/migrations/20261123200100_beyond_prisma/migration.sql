-- What Prisma cannot say. `prisma migrate diff` does not know these objects: they are changed by hand, in a new migration.

-- Lets one GIN index hold the tenant beside the words.
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- ---------- nothing doubled: uniqueness that holds for a part of the rows ----------

CREATE UNIQUE INDEX message_account_external_id_key ON message (account_id, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX message_conversation_client_key_key ON message (conversation_id, client_key) WHERE client_key IS NOT NULL;
CREATE UNIQUE INDEX conversation_thread_active_key ON conversation_thread (thread_id) WHERE active_to IS NULL;
CREATE UNIQUE INDEX channel_account_kind_address_key ON channel_account (kind, address) WHERE address <> '';
CREATE UNIQUE INDEX audit_entry_chain_key ON audit_entry (tenant_id, no) NULLS NOT DISTINCT;

-- ---------- search ----------
-- A tsvector holds at most 1 MB: the cut keeps a huge letter from failing its own insert.

ALTER TABLE message ADD COLUMN search tsvector
  GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, left(search_text, 100000))) STORED;
ALTER TABLE contact ADD COLUMN search tsvector
  GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, left(search_text, 100000))) STORED;
CREATE INDEX message_tenant_search_idx ON message USING gin (tenant_id, search);
CREATE INDEX contact_tenant_search_idx ON contact USING gin (tenant_id, search);

-- ---------- hot paths ----------
-- Partial: what is finished leaves the index, so that claiming stays as fast on the millionth message as on the first.

CREATE INDEX delivery_due_idx ON delivery (next_at) WHERE state IN ('held', 'queued', 'sending', 'uncertain');
CREATE INDEX delivery_provider_id_idx ON delivery (account_id, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX inbound_event_unfinished_idx ON inbound_event (account_id, received_at) WHERE state <> 'done';
CREATE INDEX conversation_queue_list_idx ON conversation (queue_id, status, last_at DESC, id);
CREATE INDEX webhook_delivery_due_idx ON webhook_delivery (next_at) WHERE state IN ('queued', 'sending');

-- Rows rewritten with every message keep room for their next version on the same page.
ALTER TABLE conversation SET (fillfactor = 70);
ALTER TABLE thread SET (fillfactor = 70);
ALTER TABLE channel_account SET (fillfactor = 70);
ALTER TABLE delivery SET (fillfactor = 70);

-- The reader of the event log depends on this being the writing transaction, so no writer can get it wrong.
ALTER TABLE event ALTER COLUMN xid SET DEFAULT (pg_current_xact_id()::text::bigint);

-- ---------- closed sets and sane values ----------

ALTER TABLE tenant
  ADD CONSTRAINT tenant_key_form CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  ADD CONSTRAINT tenant_last_number_not_negative CHECK (last_number >= 0);
ALTER TABLE app_user
  ADD CONSTRAINT app_user_email_lower_case CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
  ADD CONSTRAINT app_user_failed_logins_not_negative CHECK (failed_logins >= 0);
ALTER TABLE membership
  ADD CONSTRAINT membership_role_known CHECK (role IN ('admin', 'supervisor', 'agent', 'client_viewer')),
  ADD CONSTRAINT membership_profile_known CHECK (profile IN ('normal', 'restricted', 'crisis'));
ALTER TABLE session
  ADD CONSTRAINT session_token_hash_size CHECK (octet_length(token_hash) = 32),
  ADD CONSTRAINT session_expires_after_start CHECK (expires_at > created_at);
ALTER TABLE api_token
  ADD CONSTRAINT api_token_hash_size CHECK (octet_length(token_hash) = 32);
ALTER TABLE channel_account
  ADD CONSTRAINT channel_account_kind_form CHECK (kind ~ '^[a-z][a-z0-9_-]{0,39}$'),
  ADD CONSTRAINT channel_account_state_known CHECK (state IN ('stopped', 'connecting', 'online', 'needs-login', 'offline'));
ALTER TABLE lease
  ADD CONSTRAINT lease_fencing_positive CHECK (fencing > 0);
ALTER TABLE inbound_event
  ADD CONSTRAINT inbound_event_type_known CHECK (type IN ('message', 'edit', 'revoke', 'reaction', 'receipt', 'unparsed')),
  ADD CONSTRAINT inbound_event_state_known CHECK (state IN ('new', 'done', 'waiting', 'parked')),
  ADD CONSTRAINT inbound_event_parked_has_reason CHECK (state <> 'parked' OR error IS NOT NULL),
  ADD CONSTRAINT inbound_event_dedupe_key_size CHECK (octet_length(dedupe_key) BETWEEN 1 AND 2000),
  ADD CONSTRAINT inbound_event_attempts_not_negative CHECK (attempts >= 0);
ALTER TABLE contact
  ADD CONSTRAINT contact_not_merged_into_itself CHECK (merged_into_id <> id);
ALTER TABLE identity
  ADD CONSTRAINT identity_kind_form CHECK (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
  ADD CONSTRAINT identity_value_hash_size CHECK (octet_length(value_hash) = 32),
  ADD CONSTRAINT identity_verified_known CHECK (verified IN ('none', 'channel', 'otp', 'agent')),
  ADD CONSTRAINT identity_origin_known CHECK (origin IN ('provider', 'agent', 'import', 'merge'));
ALTER TABLE contact_merge
  ADD CONSTRAINT contact_merge_two_contacts CHECK (from_contact_id <> into_contact_id);
ALTER TABLE consent
  ADD CONSTRAINT consent_purpose_known CHECK (purpose IN ('marketing_call', 'marketing_message', 'recording', 'data_processing')),
  ADD CONSTRAINT consent_state_known CHECK (state IN ('granted', 'refused', 'withdrawn')),
  ADD CONSTRAINT consent_about_somebody CHECK (contact_id IS NOT NULL OR value_hash IS NOT NULL);
ALTER TABLE conversation
  ADD CONSTRAINT conversation_number_positive CHECK (number > 0),
  ADD CONSTRAINT conversation_status_known CHECK (status IN ('open', 'waiting', 'snoozed', 'closed')),
  ADD CONSTRAINT conversation_snoozed_wakes CHECK (status <> 'snoozed' OR snoozed_until IS NOT NULL),
  ADD CONSTRAINT conversation_last_direction_known CHECK (last_direction IN ('in', 'out', 'note', 'event')),
  ADD CONSTRAINT conversation_counters_not_negative CHECK (last_seq >= 0 AND version >= 0 AND read_seq >= 0 AND unread >= 0),
  ADD CONSTRAINT conversation_not_merged_into_itself CHECK (merged_into_id <> id);
ALTER TABLE thread
  ADD CONSTRAINT thread_external_key_size CHECK (octet_length(external_key) BETWEEN 1 AND 2000),
  ADD CONSTRAINT thread_customer_read_seq_not_negative CHECK (customer_read_seq >= 0);
ALTER TABLE conversation_thread
  ADD CONSTRAINT conversation_thread_ends_after_start CHECK (active_to >= active_from);
ALTER TABLE message
  ADD CONSTRAINT message_seq_positive CHECK (seq > 0),
  ADD CONSTRAINT message_version_not_negative CHECK (version >= 0),
  ADD CONSTRAINT message_direction_known CHECK (direction IN ('in', 'out', 'note', 'event')),
  ADD CONSTRAINT message_kind_known CHECK (kind IN ('text', 'html', 'template', 'location', 'contact', 'call', 'system', 'unsupported')),
  ADD CONSTRAINT message_author_type_known CHECK (author_type IN ('contact', 'agent', 'bot', 'system', 'device')),
  ADD CONSTRAINT message_external_id_size CHECK (octet_length(external_id) BETWEEN 1 AND 2000),
  ADD CONSTRAINT message_client_key_size CHECK (octet_length(client_key) BETWEEN 1 AND 200);
ALTER TABLE message_part
  ADD CONSTRAINT message_part_numbers_not_negative CHECK (idx >= 0 AND size >= 0 AND attempts >= 0),
  ADD CONSTRAINT message_part_state_known CHECK (state IN ('pending', 'stored', 'failed', 'blocked')),
  ADD CONSTRAINT message_part_stored_has_file CHECK (state <> 'stored' OR blob_key IS NOT NULL);
ALTER TABLE message_revision
  ADD CONSTRAINT message_revision_no_positive CHECK (no > 0),
  ADD CONSTRAINT message_revision_op_known CHECK (op IN ('edit', 'revoke', 'redact'));
ALTER TABLE delivery
  ADD CONSTRAINT delivery_state_known
    CHECK (state IN ('held', 'queued', 'sending', 'uncertain', 'sent', 'delivered', 'read', 'failed', 'cancelled')),
  ADD CONSTRAINT delivery_numbers_sane CHECK (seq > 0 AND rank >= 0 AND attempts >= 0);
ALTER TABLE reply_token
  ADD CONSTRAINT reply_token_size CHECK (octet_length(token) BETWEEN 16 AND 200);
ALTER TABLE call
  ADD CONSTRAINT call_direction_known CHECK (direction IN ('in', 'out'));
ALTER TABLE recording
  ADD CONSTRAINT recording_sha256_size CHECK (octet_length(sha256) = 32);
ALTER TABLE work_item
  ADD CONSTRAINT work_item_state_known CHECK (state IN ('queued', 'offered', 'assigned', 'wrapup', 'done', 'cancelled')),
  ADD CONSTRAINT work_item_weight_not_negative CHECK (weight >= 0);
ALTER TABLE reservation
  ADD CONSTRAINT reservation_state_known CHECK (state IN ('offered', 'accepted', 'rejected', 'timeout', 'cancelled'));
ALTER TABLE assignment
  ADD CONSTRAINT assignment_state_known CHECK (state IN ('active', 'wrapup', 'done'));
ALTER TABLE canned_reply
  ADD CONSTRAINT canned_reply_shortcut_size CHECK (length(shortcut) BETWEEN 1 AND 60);
ALTER TABLE draft
  ADD CONSTRAINT draft_mode_known CHECK (mode IN ('reply', 'note')),
  ADD CONSTRAINT draft_rev_positive CHECK (rev > 0);
ALTER TABLE upload
  ADD CONSTRAINT upload_owner_type_known CHECK (owner_type IN ('agent', 'visitor')),
  ADD CONSTRAINT upload_size_not_negative CHECK (size >= 0);
ALTER TABLE event
  ADD CONSTRAINT event_version_not_negative CHECK (version >= 0);
ALTER TABLE webhook_endpoint
  ADD CONSTRAINT webhook_endpoint_url_http CHECK (url ~ '^https?://');
ALTER TABLE webhook_delivery
  ADD CONSTRAINT webhook_delivery_state_known CHECK (state IN ('queued', 'sending', 'delivered', 'failed', 'cancelled')),
  ADD CONSTRAINT webhook_delivery_attempts_not_negative CHECK (attempts >= 0);
ALTER TABLE audit_entry
  ADD CONSTRAINT audit_entry_hash_size CHECK (octet_length(hash) = 32 AND octet_length(prev_hash) = 32);

-- ---------- foreign keys ----------
-- No cascades: what is deleted is deleted by name. Where the pair (tenant_id, id) is referenced, the database itself refuses
-- a row that points into another tenant. The pairs stand on tables that are rarely inserted into.
-- Left out on purpose: inbound_event and event (one row or more per message, trimmed by age on their own),
-- message.thread_id and message.account_id (would lock the thread's row once more per message; conversation_thread holds the link),
-- author and owner ids (their table depends on the type beside them).

ALTER TABLE channel_account ADD CONSTRAINT channel_account_tenant_id_id_key UNIQUE (tenant_id, id);
ALTER TABLE queue ADD CONSTRAINT queue_tenant_id_id_key UNIQUE (tenant_id, id);
ALTER TABLE contact ADD CONSTRAINT contact_tenant_id_id_key UNIQUE (tenant_id, id);
ALTER TABLE thread ADD CONSTRAINT thread_tenant_id_id_key UNIQUE (tenant_id, id);
ALTER TABLE conversation ADD CONSTRAINT conversation_tenant_id_id_key UNIQUE (tenant_id, id);

ALTER TABLE membership
  ADD CONSTRAINT membership_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (id),
  ADD CONSTRAINT membership_user_fkey FOREIGN KEY (user_id) REFERENCES app_user (id);
ALTER TABLE session ADD CONSTRAINT session_user_fkey FOREIGN KEY (user_id) REFERENCES app_user (id);
ALTER TABLE api_token
  ADD CONSTRAINT api_token_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (id),
  ADD CONSTRAINT api_token_created_by_fkey FOREIGN KEY (created_by) REFERENCES app_user (id);
ALTER TABLE queue ADD CONSTRAINT queue_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (id);
ALTER TABLE channel_account
  ADD CONSTRAINT channel_account_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (id),
  ADD CONSTRAINT channel_account_queue_fkey FOREIGN KEY (tenant_id, queue_id) REFERENCES queue (tenant_id, id);
ALTER TABLE channel_memory
  ADD CONSTRAINT channel_memory_account_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES channel_account (tenant_id, id);
ALTER TABLE contact
  ADD CONSTRAINT contact_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (id),
  ADD CONSTRAINT contact_merged_into_fkey FOREIGN KEY (tenant_id, merged_into_id) REFERENCES contact (tenant_id, id);
ALTER TABLE identity
  ADD CONSTRAINT identity_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id);
ALTER TABLE contact_merge
  ADD CONSTRAINT contact_merge_from_fkey FOREIGN KEY (tenant_id, from_contact_id) REFERENCES contact (tenant_id, id),
  ADD CONSTRAINT contact_merge_into_fkey FOREIGN KEY (tenant_id, into_contact_id) REFERENCES contact (tenant_id, id),
  ADD CONSTRAINT contact_merge_actor_fkey FOREIGN KEY (actor_id) REFERENCES app_user (id);
ALTER TABLE consent
  ADD CONSTRAINT consent_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id);
ALTER TABLE conversation
  ADD CONSTRAINT conversation_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  ADD CONSTRAINT conversation_queue_fkey FOREIGN KEY (tenant_id, queue_id) REFERENCES queue (tenant_id, id),
  ADD CONSTRAINT conversation_assignee_fkey FOREIGN KEY (assignee_id) REFERENCES app_user (id),
  ADD CONSTRAINT conversation_merged_into_fkey FOREIGN KEY (tenant_id, merged_into_id) REFERENCES conversation (tenant_id, id);
ALTER TABLE thread
  ADD CONSTRAINT thread_account_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES channel_account (tenant_id, id),
  ADD CONSTRAINT thread_identity_fkey FOREIGN KEY (identity_id) REFERENCES identity (id);
ALTER TABLE conversation_thread
  ADD CONSTRAINT conversation_thread_conversation_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation (tenant_id, id),
  ADD CONSTRAINT conversation_thread_thread_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES thread (tenant_id, id);
ALTER TABLE message
  ADD CONSTRAINT message_conversation_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation (tenant_id, id);
ALTER TABLE message_part ADD CONSTRAINT message_part_message_fkey FOREIGN KEY (message_id) REFERENCES message (id);
ALTER TABLE message_revision ADD CONSTRAINT message_revision_message_fkey FOREIGN KEY (message_id) REFERENCES message (id);
ALTER TABLE reaction ADD CONSTRAINT reaction_message_fkey FOREIGN KEY (message_id) REFERENCES message (id);
ALTER TABLE delivery
  ADD CONSTRAINT delivery_message_fkey FOREIGN KEY (message_id) REFERENCES message (id),
  ADD CONSTRAINT delivery_conversation_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation (tenant_id, id),
  ADD CONSTRAINT delivery_thread_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES thread (tenant_id, id);
ALTER TABLE email_ref
  ADD CONSTRAINT email_ref_thread_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES thread (tenant_id, id);
ALTER TABLE reply_token
  ADD CONSTRAINT reply_token_thread_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES thread (tenant_id, id);
ALTER TABLE call ADD CONSTRAINT call_thread_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES thread (tenant_id, id);
ALTER TABLE recording ADD CONSTRAINT recording_call_fkey FOREIGN KEY (call_id) REFERENCES call (id);
ALTER TABLE work_item
  ADD CONSTRAINT work_item_conversation_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation (tenant_id, id),
  ADD CONSTRAINT work_item_queue_fkey FOREIGN KEY (tenant_id, queue_id) REFERENCES queue (tenant_id, id);
ALTER TABLE reservation
  ADD CONSTRAINT reservation_work_item_fkey FOREIGN KEY (work_item_id) REFERENCES work_item (id),
  ADD CONSTRAINT reservation_user_fkey FOREIGN KEY (user_id) REFERENCES app_user (id);
ALTER TABLE assignment
  ADD CONSTRAINT assignment_work_item_fkey FOREIGN KEY (work_item_id) REFERENCES work_item (id),
  ADD CONSTRAINT assignment_user_fkey FOREIGN KEY (user_id) REFERENCES app_user (id);
ALTER TABLE canned_reply ADD CONSTRAINT canned_reply_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (id);
ALTER TABLE draft
  ADD CONSTRAINT draft_conversation_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation (tenant_id, id),
  ADD CONSTRAINT draft_user_fkey FOREIGN KEY (user_id) REFERENCES app_user (id);
ALTER TABLE upload ADD CONSTRAINT upload_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (id);
ALTER TABLE webhook_endpoint ADD CONSTRAINT webhook_endpoint_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (id);
ALTER TABLE webhook_delivery
  ADD CONSTRAINT webhook_delivery_endpoint_fkey FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoint (id);
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenant (id);

-- ---------- ledgers that only grow ----------

CREATE FUNCTION linka_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
  FOR EACH STATEMENT EXECUTE FUNCTION linka_refuse_change();

-- A person's right to erasure reaches the consent ledger: the erasing transaction says SET LOCAL linka.allow_erase = 'on'.
CREATE TRIGGER consent_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent
  FOR EACH STATEMENT WHEN (current_setting('linka.allow_erase', true) IS DISTINCT FROM 'on')
  EXECUTE FUNCTION linka_refuse_change();

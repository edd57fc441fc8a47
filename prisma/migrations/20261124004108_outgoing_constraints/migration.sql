-- What the store promises of outgoing rows, said to the database too: each belongs to one tenant, states are the known ones.
ALTER TABLE message_action
  ADD CONSTRAINT message_action_op_known CHECK (op IN ('edit', 'remove', 'react')),
  ADD CONSTRAINT message_action_state_known CHECK (state IN ('queued', 'sending', 'done', 'failed')),
  ADD CONSTRAINT message_action_message_fkey FOREIGN KEY (message_id) REFERENCES message (id),
  ADD CONSTRAINT message_action_conversation_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation (tenant_id, id),
  ADD CONSTRAINT message_action_account_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES channel_account (tenant_id, id);
ALTER TABLE account_templates
  ADD CONSTRAINT account_templates_account_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES channel_account (tenant_id, id);
ALTER TABLE delivery
  ADD CONSTRAINT delivery_role_known CHECK (role IN ('to', 'cc', 'bcc'));

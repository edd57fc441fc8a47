-- Few at any time: files their provider still has to hand out.
create index message_part_pending on message_part (message_id) where state = 'pending';

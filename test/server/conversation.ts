import { uuid } from "#core/uuid";
import type { Prisma } from "#store/prisma";

let number = 0;
/** A conversation with one customer message, as if it had come in. */
export const addConversation = async (
  hub: { readonly prisma: Prisma; now(): Date },
  input: {
    tenantId: string;
    queueId?: string | null;
    contactName?: string;
    body?: string;
    subject?: string | null;
    assigneeId?: string | null;
  },
) => {
  const [id, contactId, messageId] = [uuid(), uuid(), uuid()];
  const at = hub.now();
  const { tenantId, body = "Good day", subject = null, queueId = null, assigneeId = null } = input;
  await hub.prisma.contact.create({ data: { id: contactId, tenantId, name: input.contactName ?? "Jana Novotná" } });
  number += 1;
  await hub.prisma.conversation.create({
    data: {
      id,
      tenantId,
      number,
      contactId,
      queueId,
      assigneeId,
      subject,
      lastSeq: 1,
      version: 1,
      lastKind: "loopback",
      preview: body.slice(0, 100),
      lastAt: at,
    },
  });
  await hub.prisma.message.create({
    data: {
      id: messageId,
      tenantId,
      conversationId: id,
      seq: 1,
      version: 1,
      direction: "in",
      authorType: "contact",
      authorName: input.contactName ?? "Jana Novotná",
      body,
      subject,
      occurredAt: at,
    },
  });
  return { id, contactId, messageId };
};

import { humanAgentUntil } from "#core/windows";
import type { ContactView, TakesView, ThreadView } from "#wire";
import type { ContactRecord } from "#store/contacts";
import type { ThreadRecord } from "#store/conversations";
import { type Audience, masked } from "./classes.ts";
import { limitsOf } from "./outgoing.ts";

export const presentContact = (contact: ContactRecord, audience: Audience): ContactView => {
  const view: ContactView = {
    id: contact.id,
    tenantId: contact.tenantId,
    name: contact.name,
    anonymous: contact.anonymous,
    language: contact.language,
    preferred: contact.preferred,
    marketing: contact.marketing,
    identities: contact.identities.map(({ id, kind, value, display, verified, gone }) => ({
      id,
      kind,
      value: audience === "restricted" ? display : value,
      verified,
      gone,
    })),
    conversations: contact.conversations.map(({ id, number, subject, status, lastAt }) => ({
      id,
      number,
      subject,
      status,
      lastAt: lastAt.toISOString(),
    })),
    merges: contact.merges.map(({ id, fromName, at }) => ({ id, fromName, at: at.toISOString() })),
  };
  return audience === "restricted" ? masked("contactView", view) : view;
};

export const presentThread = (thread: ThreadRecord, takes: TakesView, audience: Audience): ThreadView => {
  const view: ThreadView = {
    id: thread.id,
    accountId: thread.accountId,
    accountName: thread.accountName,
    channel: thread.channel,
    subject: thread.subject,
    address: thread.address,
    addressKind: thread.addressKind,
    windowUntil: thread.windowUntil?.toISOString() ?? null,
    humanAgentUntil:
      humanAgentUntil({ limits: limitsOf(takes), windowUntil: thread.windowUntil })?.toISOString() ?? null,
    customerReadSeq: thread.customerReadSeq,
    active: thread.active,
    takes,
  };
  return audience === "restricted" ? masked("threadView", view) : view;
};

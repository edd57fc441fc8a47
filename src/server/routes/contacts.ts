import { z } from "zod";
import { Refused } from "#core/refused";
import { contactList, contactPatch, contactView, mergeBody, mergeResult } from "#wire";
import { appendAudit } from "#store/audit";
import { contactTenant, recordMarketing, updateContact } from "#store/contact-edit";
import { getContact, searchContacts } from "#store/contacts";
import { mergeContacts, mergeTenant, undoMerge } from "#store/merges";
import type { Who } from "../auth/who.ts";
import type { Context } from "../parts.ts";
import { type Audience, audienceOf } from "../present/classes.ts";
import { presentContact } from "../present/contact.ts";
import { idParam, route, type Route } from "../route.ts";

const audienceFor = (who: Who, tenantId: string): Audience => {
  const grant = who.scope.grants.get(tenantId);
  return grant === undefined ? "restricted" : audienceOf(grant);
};

const shown = async ({ db, secrets }: Context, who: Who, id: string) => {
  const contact = await getContact({ db, scope: who.scope, secrets, id });
  return presentContact(contact, audienceFor(who, contact.tenantId));
};

/** Merging needs to see whom one merges. */
const mustSee = (who: Who, tenantId: string): void => {
  if (audienceFor(who, tenantId) === "restricted")
    throw new Refused("forbidden", "This is not possible with a restricted profile.");
};

const note = (context: Context, who: Who, tenantId: string, action: string, target: string, reason?: string) =>
  appendAudit({
    db: context.db,
    now: context.now(),
    tenantId,
    actorId: who.id,
    action,
    target,
    ...(reason === undefined ? {} : { reason }),
  });

export const contactRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/contacts",
    says: "Contacts by name, or by a whole address or number.",
    access: "user",
    token: "read",
    query: z.object({ tenantId: z.string().max(64), query: z.string().trim().min(1).max(200) }),
    gives: contactList,
    handle: async ({ context, who, query }) => {
      if (!who.scope.tenantIds.includes(query.tenantId))
        throw new Refused("not-found", "There is no such client company.");
      // A hit on a whole number would confirm what a restricted agent may not know.
      mustSee(who, query.tenantId);
      const { db, secrets } = context;
      const contacts = await searchContacts({ db, scope: who.scope, secrets, ...query });
      return { contacts: contacts.map((hit) => ({ ...hit, identities: [...hit.identities] })) };
    },
  }),
  route({
    method: "get",
    path: "/api/contacts/:id",
    says: "One contact with addresses and cases.",
    access: "user",
    token: "read",
    params: idParam,
    gives: contactView,
    handle: ({ context, who, params }) => shown(context, who, params.id),
  }),
  route({
    method: "patch",
    path: "/api/contacts/:id",
    says: "Names a contact, notes its language, preferred channel and consent to marketing.",
    access: "user",
    token: "write",
    params: idParam,
    body: contactPatch,
    gives: contactView,
    handle: async ({ context, who, params, body }) => {
      const tenantId = await contactTenant({ db: context.db, scope: who.scope, id: params.id });
      mustSee(who, tenantId);
      const { marketing, ...rest } = body;
      await updateContact({ db: context.db, scope: who.scope, id: params.id, ...rest });
      await note(context, who, tenantId, "contact.changed", params.id);
      if (marketing !== undefined) {
        const now = context.now();
        await recordMarketing({ db: context.db, scope: who.scope, id: params.id, state: marketing, now });
        await note(context, who, tenantId, `contact.marketing-${marketing}`, params.id);
      }
      return shown(context, who, params.id);
    },
  }),
  route({
    method: "post",
    path: "/api/contacts/:id/merge",
    says: "Merges another contact into this one; it can be undone.",
    access: "user",
    token: "write",
    params: idParam,
    body: mergeBody,
    gives: mergeResult,
    handle: async ({ context, who, params, body }) => {
      const tenantId = await contactTenant({ db: context.db, scope: who.scope, id: params.id });
      mustSee(who, tenantId);
      const { mergeId, changes } = await mergeContacts({
        db: context.db,
        scope: who.scope,
        intoId: params.id,
        fromId: body.fromId,
        reason: body.reason,
        now: context.now(),
      });
      context.publish(changes);
      await note(context, who, tenantId, "contact.merged", params.id, body.reason);
      return { mergeId, contact: await shown(context, who, params.id) };
    },
  }),
  route({
    method: "post",
    path: "/api/merges/:id/undo",
    says: "Takes a merge back.",
    access: "user",
    token: "write",
    params: idParam,
    gives: contactView,
    handle: async ({ context, who, params }) => {
      const tenantId = await mergeTenant({ db: context.db, scope: who.scope, id: params.id });
      mustSee(who, tenantId);
      const { contactId, changes } = await undoMerge({
        db: context.db,
        scope: who.scope,
        id: params.id,
        now: context.now(),
      });
      context.publish(changes);
      await note(context, who, tenantId, "contact.merge-undone", params.id);
      return shown(context, who, contactId);
    },
  }),
];

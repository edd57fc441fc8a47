import { z } from "zod";
import { invitation, invitationReply } from "#core/calendar";
import { plainAddress } from "#core/recipients";
import { Refused } from "#core/refused";
import { seesPersonal } from "#core/scope";
import { invitationAnswer } from "#wire";
import { appendAudit } from "#store/audit";
import { findLetter, type LetterRecord } from "#store/letters";
import { recordUpload } from "#store/uploads";
import type { Who } from "../auth/who.ts";
import type { Context } from "../parts.ts";
import { fetchPicture, heldBack, NoPicture } from "../pictures.ts";
import { done, idParam, route, type Route } from "../route.ts";

/** The letter, for whom its sender's data are no secret. */
const letterFor = async (context: Context, who: Who, messageId: string): Promise<LetterRecord> => {
  const letter = await findLetter({ db: context.db, scope: who.scope, messageId });
  if (letter === null) throw new Refused("not-found", "There is no such message.");
  if (!seesPersonal(who.scope, letter.tenantId))
    throw new Refused("forbidden", "This is not possible with a restricted profile.");
  return letter;
};

/** What a person reads where the calendar does not: in the client company's language. */
const words: Readonly<Record<string, Readonly<Record<z.output<typeof invitationAnswer>["answer"], string>>>> = {
  en: { ACCEPTED: "Accepted", TENTATIVE: "Tentative", DECLINED: "Declined" },
  cs: { ACCEPTED: "Přijato", TENTATIVE: "Nezávazně", DECLINED: "Odmítnuto" },
  sk: { ACCEPTED: "Prijaté", TENTATIVE: "Nezáväzne", DECLINED: "Odmietnuté" },
  pl: { ACCEPTED: "Zaakceptowano", TENTATIVE: "Wstępnie", DECLINED: "Odrzucono" },
};

const answer = async (context: Context, who: Who, messageId: string, body: z.output<typeof invitationAnswer>) => {
  const letter = await letterFor(context, who, messageId);
  const invited = z.object({ calendar: invitation }).safeParse(letter.detail).data?.calendar;
  const organizer = invited?.organizer?.address;
  if (invited === undefined || invited.method !== "REQUEST" || organizer === undefined || letter.direction !== "in")
    throw new Refused("bad-request", "This message invites nobody.");
  const mailbox = plainAddress(letter.mailbox);
  const me = invited.attendees.find(({ address }) => plainAddress(address) === mailbox);
  const attendee = { address: me?.address ?? mailbox, name: me?.name ?? "" };
  const reply = invitationReply({ invitation: invited, attendee, answer: body.answer, now: context.now() });
  const stored = await context.files.put(
    (async function* () {
      yield await Promise.resolve(Buffer.from(reply));
    })(),
  );
  const file = await recordUpload({
    db: context.db,
    tenantId: letter.tenantId,
    owner: { type: "agent", id: who.id },
    name: "invite.ics",
    mime: "text/calendar; charset=utf-8; method=REPLY",
    size: stored.size,
    blobKey: stored.key,
  });
  const title = `${(words[letter.locale] ?? words["en"])?.[body.answer] ?? body.answer}: ${invited.summary}`;
  await context.commands.sendMessage(who.scope, {
    conversationId: letter.conversationId,
    clientKey: body.clientKey,
    mode: "reply",
    text: title,
    subject: title,
    uploadIds: [file.id],
    to: [organizer],
    // The organiser is named by the invitation, which the agent has read.
    confirmed: true,
    signature: false,
    answersId: messageId,
  });
};

export const letterRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/messages/:id/pictures/:no",
    says: "A remote picture of a letter, fetched by the hub: its sender learns of no reader.",
    access: "user",
    params: idParam.extend({ no: z.coerce.number().int().min(0).max(500) }),
    gives: "raw",
    handle: async ({ context, who, params, response }) => {
      const letter = await letterFor(context, who, params.id);
      const address = heldBack(letter.html ?? "")[params.no];
      if (address === undefined) throw new Refused("not-found", "The letter has no such picture.");
      const picture = await fetchPicture(address).catch((thrown: unknown) => {
        if (!(thrown instanceof NoPicture)) throw thrown;
        throw new Refused("not-found", "The picture could not be fetched.");
      });
      if (params.no === 0)
        await appendAudit({
          db: context.db,
          now: context.now(),
          tenantId: letter.tenantId,
          actorId: who.id,
          action: "message.pictures",
          target: params.id,
        });
      response.setHeader("content-type", picture.mime);
      response.setHeader("content-security-policy", "default-src 'none'; sandbox");
      response.setHeader("cache-control", "private, max-age=3600");
      response.end(picture.bytes);
    },
  }),
  route({
    method: "post",
    path: "/api/messages/:id/invitation",
    says: "Answers an invitation to its organiser (iTIP REPLY).",
    access: "user",
    token: "write",
    params: idParam,
    body: invitationAnswer,
    gives: done,
    handle: async ({ context, who, params, body }) => {
      await answer(context, who, params.id, body);
      return {};
    },
  }),
];

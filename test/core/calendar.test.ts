import { type Invitation, invitation, invitationReply } from "#core/calendar";
import { describe, expect, it } from "vitest";
import { readInvitation } from "../../connectors/email/calendar.ts";

const invited: Invitation = invitation.parse({
  method: "REQUEST",
  uid: "040000008200E00074C5B7101A82E008@outlook",
  sequence: 2,
  summary: "Předání zakázky; sál A, 2. patro",
  start: { at: "2026-01-05T09:30:00", zone: "Europe/Prague" },
  end: { at: "2026-01-05T10:00:00", zone: "Europe/Prague" },
  organizer: { address: "jan@firma.cz", name: "Jan Novák" },
  attendees: [{ address: "podpora@acme.test" }],
});
const reply = (answer: "ACCEPTED" | "TENTATIVE" | "DECLINED" = "ACCEPTED", name = "Podpora") =>
  invitationReply({
    invitation: invited,
    attendee: { address: "podpora@acme.test", name },
    answer,
    now: new Date("2026-01-02T08:00:00Z"),
  });

describe("an answer to an invitation", () => {
  it.each(["ACCEPTED", "TENTATIVE", "DECLINED"] as const)("says %s for us alone, about the same meeting", (answer) => {
    expect(readInvitation(reply(answer))).toEqual({
      method: "REPLY",
      uid: invited.uid,
      sequence: 2,
      summary: invited.summary,
      start: invited.start,
      end: invited.end,
      organizer: { address: "jan@firma.cz" },
      attendees: [{ address: "podpora@acme.test", name: "Podpora", answer }],
    });
  });

  it("keeps a whole day a whole day, and a moment a moment", () => {
    const at = (start: string) =>
      invitationReply({
        invitation: { ...invited, start: { at: start }, end: undefined },
        attendee: { address: "a@b.cz", name: "" },
        answer: "ACCEPTED",
        now: new Date(),
      });
    expect(at("2026-01-05")).toContain("DTSTART;VALUE=DATE:20260105\r\n");
    expect(at("2026-01-05T08:30:00Z")).toContain("DTSTART:20260105T083000Z\r\n");
  });

  it("has no line over 75 octets, cuts no letter in two, and lets nothing written become a line of its own", () => {
    const hostile = { ...invited, summary: `${"ěščřžýáíé ".repeat(30)}\r\nATTENDEE:mailto:evil@x.cz` };
    const text = invitationReply({
      invitation: hostile,
      attendee: { address: "podpora@acme.test", name: 'Pod"pora\r\nX-EVIL:1' },
      answer: "ACCEPTED",
      now: new Date(),
    });
    for (const line of text.split("\r\n")) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    expect(text).not.toMatch(/^(?:X-EVIL|ATTENDEE:)/m);
    expect(text).not.toContain("\ufffd");
    expect(readInvitation(text)?.attendees).toHaveLength(1);
  });
});

import { z } from "zod";

const guest = z.object({ address: z.string(), name: z.string().optional(), answer: z.string().optional() });
const when = z.object({ at: z.string(), zone: z.string().optional() });

/** An invitation as the mail channel leaves it in a message's detail. */
export const invitation = z.object({
  method: z.string(),
  uid: z.string(),
  sequence: z.number().default(0),
  summary: z.string().default(""),
  location: z.string().optional(),
  start: when,
  end: when.optional(),
  organizer: guest.optional(),
  attendees: z.array(guest).default([]),
});
export type Invitation = z.output<typeof invitation>;

export type InvitationAnswer = "ACCEPTED" | "TENTATIVE" | "DECLINED";

const escaped = (text: string): string =>
  text
    .replace(/[\\;,]/g, (sign) => `\\${sign}`)
    .replace(/\r\n?|\n/g, "\\n")
    .replace(/[\p{Cc}]/gu, " ");

/** A quoted parameter value: it can hold neither quotes nor control characters. */
const quoted = (text: string): string => `"${text.replace(/["\p{Cc}]/gu, " ").trim()}"`;

/** Lines of at most 75 octets, continued with a blank (RFC 5545 3.1); never cut inside a character. */
const folded = (line: string): string => {
  const parts: string[] = [];
  let part = "";
  let bytes = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (bytes + size > (parts.length === 0 ? 75 : 74)) {
      parts.push(part);
      part = "";
      bytes = 0;
    }
    part += character;
    bytes += size;
  }
  return [...parts, part].join("\r\n ");
};

const stamp = (at: Date): string => `${at.toISOString().replace(/[-:]/g, "").slice(0, 15)}Z`;

/** "DTSTART;TZID=Europe/Prague:20260105T093000" as the invitation said it: another spelling would be another meeting. */
const time = (name: string, { at, zone }: Invitation["start"]): string => {
  const plain = at.replace(/[-:]/g, "");
  if (!plain.includes("T")) return `${name};VALUE=DATE:${plain}`;
  return `${name}${zone === undefined ? "" : `;TZID=${quoted(zone)}`}:${plain}`;
};

/** The answer to an invitation for its organiser (iTIP REPLY, RFC 5546 3.2.3): one attendee, nothing else of the event. */
export const invitationReply = (input: {
  readonly invitation: Invitation;
  readonly attendee: { readonly address: string; readonly name: string };
  readonly answer: InvitationAnswer;
  readonly now: Date;
}): string => {
  const { invitation: of, attendee, answer, now } = input;
  const name = attendee.name === "" ? "" : `;CN=${quoted(attendee.name)}`;
  const lines = [
    "BEGIN:VCALENDAR",
    "PRODID:-//Linka//EN",
    "VERSION:2.0",
    "METHOD:REPLY",
    "BEGIN:VEVENT",
    `UID:${of.uid.replace(/[\p{Cc}]/gu, "")}`,
    `SEQUENCE:${of.sequence}`,
    `DTSTAMP:${stamp(now)}`,
    time("DTSTART", of.start),
    ...(of.end === undefined ? [] : [time("DTEND", of.end)]),
    ...(of.organizer === undefined ? [] : [`ORGANIZER:mailto:${of.organizer.address}`]),
    `ATTENDEE;PARTSTAT=${answer}${name}:mailto:${attendee.address}`,
    `SUMMARY:${escaped(of.summary)}`,
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return `${lines.map(folded).join("\r\n")}\r\n`;
};

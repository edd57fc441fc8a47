/** An invitation, an answer to one or its withdrawal (RFC 5546), as far as a card shows it. */
export interface Invitation {
  /** In upper case: REQUEST, CANCEL, REPLY, COUNTER, PUBLISH ... */
  readonly method: string;
  readonly uid: string;
  readonly sequence: number;
  readonly summary: string;
  readonly location?: string;
  readonly start: When;
  readonly end?: When;
  readonly organizer?: Guest;
  readonly attendees: readonly Guest[];
  /** It repeats; `start` is the first time. */
  readonly repeats?: true;
}

/** A time as the invitation says it: a moment, a whole day, or a clock time in a zone we leave to the reader. */
interface When {
  /** "2026-01-05T08:30:00Z", "2026-01-05T09:30:00" (with `zone`) or "2026-01-05". */
  readonly at: string;
  /** As the sender's calendar names it; absent with a "Z", and for a whole day. */
  readonly zone?: string;
}

interface Guest {
  readonly address: string;
  readonly name?: string;
  /** ACCEPTED, DECLINED, TENTATIVE, NEEDS-ACTION. */
  readonly answer?: string;
}

interface Property {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly value: string;
}

const longest = 200_000;
const mostLines = 5_000;
const mostGuests = 200;

/** "DTSTART;TZID=Europe/Prague:20260105T093000": names in upper case; a colon inside quotes belongs to a parameter. */
const property = (line: string): Property | undefined => {
  let quoted = false;
  let colon = -1;
  const cuts: number[] = [];
  for (let at = 0; at < line.length && colon < 0; at++) {
    const character = line[at];
    if (character === '"') quoted = !quoted;
    else if (!quoted && character === ";") cuts.push(at);
    else if (!quoted && character === ":") colon = at;
  }
  if (colon < 0) return undefined;
  const parts = [...cuts, colon].map((end, nth) => line.slice(nth === 0 ? 0 : (cuts[nth - 1] ?? 0) + 1, end));
  const parameters = new Map(
    parts.slice(1).map((part) => {
      const equals = part.indexOf("=");
      return [part.slice(0, equals).toUpperCase(), part.slice(equals + 1).replace(/^"|"$/g, "")] as const;
    }),
  );
  return { name: (parts[0] ?? "").toUpperCase(), parameters, value: line.slice(colon + 1) };
};

const text = (value: string): string =>
  value
    .replace(/\\([nN,;\\])/g, (_, escaped: string) => (escaped.toLowerCase() === "n" ? "\n" : escaped))
    .trim()
    .slice(0, 500);

const when = ({ value, parameters }: Property): When | undefined => {
  const [, year, month, day, hour, minute, second, utc] =
    /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?$/.exec(value.trim()) ?? [];
  if (year === undefined) return undefined;
  if (hour === undefined) return { at: `${year}-${month}-${day}` };
  const zone = parameters.get("TZID");
  return {
    at: `${year}-${month}-${day}T${hour}:${minute}:${second}${utc ?? ""}`,
    ...(utc === undefined && zone !== undefined ? { zone: zone.slice(0, 100) } : {}),
  };
};

const guest = ({ value, parameters }: Property): Guest | undefined => {
  const address = value
    .replace(/^mailto:/i, "")
    .trim()
    .toLowerCase();
  if (!/^[^\s@<>]+@[^\s@<>]+$/.test(address) || address.length > 254) return undefined;
  const name = parameters.get("CN")?.trim().slice(0, 200);
  const answer = parameters.get("PARTSTAT")?.toUpperCase().slice(0, 20);
  return {
    address,
    ...(name === undefined || name === "" || name.toLowerCase() === address ? {} : { name }),
    ...(answer === undefined ? {} : { answer }),
  };
};

/** The first event of a text/calendar part; undefined when it is none of an invitation's kind. Linear time. */
export const readInvitation = (calendar: string): Invitation | undefined => {
  const lines = calendar
    .slice(0, longest)
    .replace(/\r?\n[ \t]/g, "")
    .split(/\r?\n/)
    .slice(0, mostLines);
  let method = "";
  let depth: string[] = [];
  const event: Property[] = [];
  for (const line of lines) {
    const read = property(line);
    if (read === undefined) continue;
    if (read.name === "BEGIN") depth = [...depth.slice(0, 8), read.value.trim().toUpperCase()];
    else if (read.name === "END") {
      // Later ones are single changed days of the same series.
      if (depth.join() === "VCALENDAR,VEVENT" && event.length > 0) break;
      depth = depth.slice(0, -1);
    } else if (depth.join() === "VCALENDAR" && read.name === "METHOD") method = read.value.trim().toUpperCase();
    else if (depth.join() === "VCALENDAR,VEVENT") event.push(read);
  }
  const one = (name: string): Property | undefined => event.find((read) => read.name === name);
  const begins = one("DTSTART");
  const start = begins === undefined ? undefined : when(begins);
  const uid = one("UID")?.value.trim().slice(0, 300);
  if (start === undefined || uid === undefined || uid === "") return undefined;
  const ends = one("DTEND");
  const end = ends === undefined ? undefined : when(ends);
  const leads = one("ORGANIZER");
  const organizer = leads === undefined ? undefined : guest(leads);
  const location = text(one("LOCATION")?.value ?? "");
  return {
    method: method.slice(0, 20) || "PUBLISH",
    uid,
    sequence: Math.max(0, Math.trunc(Number(one("SEQUENCE")?.value ?? 0)) || 0),
    summary: text(one("SUMMARY")?.value ?? ""),
    ...(location === "" ? {} : { location }),
    start,
    ...(end === undefined ? {} : { end }),
    ...(organizer === undefined ? {} : { organizer }),
    attendees: event
      .filter(({ name }) => name === "ATTENDEE")
      .slice(0, mostGuests)
      .flatMap((read) => guest(read) ?? []),
    ...(one("RRULE") === undefined ? {} : { repeats: true }),
  };
};

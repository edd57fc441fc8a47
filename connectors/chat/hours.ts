/** Opening hours: "Mo-Fr 08:00-18:00", "Sa 09:00-12:00". Times are local to a zone; 24:00 ends a day. */

const days = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"] as const;

interface Span {
  readonly from: number;
  readonly to: number;
  /** Minutes since midnight, end exclusive. */
  readonly opens: number;
  readonly closes: number;
}

const minutes = (clock: string): number => {
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  return hour * 60 + minute;
};

/** Undefined when the line says nothing we understand. */
export const parseHours = (line: string): Span | undefined => {
  const match = /^(\w{2})(?:-(\w{2}))? ([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$/.exec(line.trim());
  if (!match) return undefined;
  const from = days.findIndex((day) => day === match[1]);
  const to = match[2] === undefined ? from : days.findIndex((day) => day === match[2]);
  const opens = minutes(`${match[3]}:${match[4]}`);
  const closes = minutes(`${match[5]}:${match[6]}`);
  return from < 0 || to < from || closes <= opens || closes > 24 * 60 ? undefined : { from, to, opens, closes };
};

/** Whether the office is open at this moment. No lines: always. */
export const isOpen = (input: {
  readonly hours: readonly string[];
  readonly closedDays: readonly string[];
  readonly timezone: string;
  readonly at: Date;
}): boolean => {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: input.timezone,
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(input.at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? "";
  if (input.closedDays.includes(`${part("year")}-${part("month")}-${part("day")}`)) return false;
  if (input.hours.length === 0) return true;
  const today = days.findIndex((day) => part("weekday").startsWith(day));
  const now = minutes(`${part("hour")}:${part("minute")}`);
  return input.hours
    .map(parseHours)
    .some((span) => span && today >= span.from && today <= span.to && now >= span.opens && now < span.closes);
};

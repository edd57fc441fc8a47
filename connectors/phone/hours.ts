/** Opening hours and public holidays of a phone line, in its own time zone. */

const days = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"] as const;
const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

interface Span {
  readonly from: number;
  readonly to: number;
  readonly opens: number;
  readonly closes: number;
}

/** "Mo-Fr 08:00-18:00"; undefined when it says nothing we understand. */
export const parseHours = (line: string): Span | undefined => {
  const match = /^(\w{2})(?:-(\w{2}))? ([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$/.exec(line.trim());
  if (match === null) return undefined;
  const from = days.findIndex((day) => day === match[1]);
  const to = match[2] === undefined ? from : days.findIndex((day) => day === match[2]);
  const opens = minutes(`${match[3]}:${match[4]}`);
  const closes = minutes(`${match[5]}:${match[6]}`);
  return from < 0 || to < from || closes <= opens || closes > 1_440 ? undefined : { from, to, opens, closes };
};

/** Easter Sunday as month and day (Gauss, Gregorian, 1900-2099). */
const easter = (year: number): Date => {
  const d = (19 * (year % 19) + 24) % 30;
  const e = (2 * (year % 4) + 4 * (year % 7) + 6 * d + 5) % 7;
  const shift = (d === 29 && e === 6) || (d === 28 && e === 6 && year % 19 > 10) ? 7 : 0;
  return new Date(Date.UTC(year, 2, 22 + d + e - shift));
};

/**
 * Days off by law: act 245/2000 Sb. (CZ), act 241/1993 Z. z. with its exceptions for 2025 and 2026 (SK), act of
 * 18.1.1951 with Christmas Eve since 2025 (PL). Month and day, and days after Easter Sunday.
 */
const holidays = {
  none: { fixed: [] as readonly string[], easter: [] as readonly number[] },
  cz: {
    fixed: "01-01 05-01 05-08 07-05 07-06 09-28 10-28 11-17 12-24 12-25 12-26".split(" "),
    easter: [-2, 1],
  },
  sk: { fixed: "01-01 01-06 05-01 05-08 07-05 08-29 09-15 11-01 12-24 12-25 12-26".split(" "), easter: [-2, 1] },
  pl: { fixed: "01-01 01-06 05-01 05-03 08-15 11-01 11-11 12-24 12-25 12-26".split(" "), easter: [0, 1, 49, 60] },
} as const;
export type Country = keyof typeof holidays;

/** 8 May and 15 September are working days in Slovakia in 2026 only. */
const workingDays: Readonly<Partial<Record<Country, readonly string[]>>> = { sk: ["2026-05-08", "2026-09-15"] };

/** Whether this day (YYYY-MM-DD) is a public holiday. */
export const isHoliday = (country: Country, day: string): boolean => {
  if (workingDays[country]?.includes(day) === true) return false;
  const { fixed, easter: moving } = holidays[country];
  if (fixed.some((one) => one === day.slice(5))) return true;
  const sunday = easter(Number(day.slice(0, 4))).getTime();
  return moving.some((after) => new Date(sunday + after * 86_400_000).toISOString().slice(0, 10) === day);
};

/** Whether the line is open at this moment. No hours: always, holidays included (a line that never closes). */
export const isOpen = (input: {
  readonly hours: readonly string[];
  readonly closedDays: readonly string[];
  readonly holidays: Country;
  readonly timezone: string;
  readonly at: number;
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
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((one) => one.type === type)?.value ?? "";
  const today = `${part("year")}-${part("month")}-${part("day")}`;
  if (input.closedDays.includes(today)) return false;
  if (input.hours.length === 0) return true;
  if (isHoliday(input.holidays, today)) return false;
  const weekday = days.findIndex((day) => part("weekday").startsWith(day));
  const now = minutes(`${part("hour")}:${part("minute")}`);
  return input.hours
    .map(parseHours)
    .some((span) => span && weekday >= span.from && weekday <= span.to && now >= span.opens && now < span.closes);
};

/** Local hours in which advertising may be sent or dialled: nobody is woken by an offer. End exclusive. */
const advertising = { from: 8, to: 20 };

/** Whether advertising may reach people of this time zone at this moment; an unknown zone counts as Prague. */
export const mayAdvertiseAt = (input: { readonly at: Date; readonly timeZone: string }): boolean => {
  const hourIn = (timeZone: string): number =>
    Number(new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", hourCycle: "h23" }).format(input.at));
  let hour: number;
  try {
    hour = hourIn(input.timeZone);
  } catch {
    hour = hourIn("Europe/Prague");
  }
  return hour >= advertising.from && hour < advertising.to;
};

/** Ascending, apart from each other by at least one number: [from, to], both included. */
export type Ranges = readonly (readonly [number, number])[];

/** At most so many stretches are kept: the lowest grow together, and what lies between them counts as contained. */
const most = 1_000;

export const contains = (ranges: Ranges, value: number): boolean => {
  let [low, high] = [0, ranges.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = ranges[middle] ?? [0, -1];
    if (value < from) high = middle - 1;
    else if (value > to) low = middle + 1;
    else return true;
  }
  return false;
};

export const withAll = (ranges: Ranges, values: readonly number[]): Ranges => {
  const stretches = [...ranges, ...values.map((value) => [value, value] as const)].sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of stretches) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  const spare = joined.length - most;
  if (spare <= 0) return joined;
  const lowest = joined.splice(0, spare + 1);
  return [[lowest[0]?.[0] ?? 1, lowest.at(-1)?.[1] ?? 1], ...joined];
};

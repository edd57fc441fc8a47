/** Name of each column and its PostgreSQL type, in order. */
export type Columns<Name extends string> = Readonly<Record<Name, string>>;

/**
 * Rows as one array a column: PostgreSQL reads them four times faster than a list of JSON records, whose field names
 * it looks up again for every row (docs/decisions/040). `first` is the number of the first parameter.
 */
export const unnested = <Name extends string>(first: number, columns: Columns<Name>): string => {
  const entries = Object.entries<string>(columns);
  const arrays = entries.map(([, type], index) => `$${first + index}::${type}[]`);
  return `unnest(${arrays.join(", ")}) as e(${entries.map(([name]) => `"${name}"`).join(", ")})`;
};

/** The parameters of `unnested`: one array a column. JSON goes as text. */
export const arraysOf = <Name extends string>(
  columns: Columns<Name>,
  rows: readonly Readonly<Record<Name, unknown>>[],
): unknown[][] =>
  Object.keys(columns).map((name) => {
    const json = columns[name as Name] === "jsonb";
    return rows.map((row) => (json ? JSON.stringify(row[name as Name]) : row[name as Name]));
  });

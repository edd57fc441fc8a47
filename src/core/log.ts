/** What the hub asks of a log: pino's call shape, so that pino is one and a test needs five lines. */
export interface Log {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** Meta's clock: real time plus what a test has let pass. */
export interface Clock {
  now(): Date;
  advance(ms: number): void;
}

export const makeClock = (): Clock => {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    advance: (ms) => void (ahead += ms),
  };
};

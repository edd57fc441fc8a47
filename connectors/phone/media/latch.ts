interface Source {
  readonly host: string;
  readonly port: number;
}

/** After this much silence a stream may come from elsewhere: the trunk moved its media without telling. */
const silenceMs = 500;
/** Packets in order that an unannounced source must show first (RFC 3550, A.1: MIN_SEQUENTIAL, made stricter). */
const probation = 5;

export interface Latch {
  /** The address that signalling announced; everything learnt before is forgotten when it changed. */
  expect(source: Source): void;
  /** Whether this packet belongs to the call. `proved`: SRTP authenticated it, so its address needs no further trust. */
  accept(packet: {
    readonly from: Source;
    readonly sequence: number;
    readonly atMs: number;
    readonly proved: boolean;
  }): boolean;
  /** Where our packets go: where theirs come from (symmetric RTP, RFC 4961), else what was announced. */
  target(): Source | undefined;
}

/**
 * Decides whose packets are heard. A trunk behind NAT sends from an address nobody announced, so a stranger's must be
 * taken too; but never while the announced host or the present source speaks, or anyone who guesses the port could take
 * over a call ("RTP bleed").
 */
export const makeLatch = (): Latch => {
  let announced: Source | undefined;
  let latched: (Source & { readonly announced: boolean }) | undefined;
  let heardAt = Number.NEGATIVE_INFINITY;
  let candidate: (Source & { readonly next: number; readonly count: number }) | undefined;

  return {
    expect: (source) => {
      if (announced !== undefined && announced.host === source.host && announced.port === source.port) return;
      announced = source;
      latched = undefined;
      candidate = undefined;
      heardAt = Number.NEGATIVE_INFINITY;
    },
    accept: ({ from, sequence, atMs, proved }) => {
      if (latched !== undefined && latched.host === from.host && latched.port === from.port) {
        heardAt = atMs;
        return true;
      }
      const known = announced?.host === from.host;
      const free = latched === undefined || atMs - heardAt >= silenceMs;
      const take = (): boolean => {
        latched = { ...from, announced: known };
        candidate = undefined;
        heardAt = atMs;
        return true;
      };
      if (proved || (known && (free || latched?.announced === false))) return take();
      if (!free) return false;
      const follows = candidate?.host === from.host && candidate.port === from.port && candidate.next === sequence;
      const count = follows ? candidate!.count + 1 : 1;
      candidate = { ...from, next: (sequence + 1) & 0xffff, count };
      return count > probation ? take() : false;
    },
    target: () => latched ?? announced,
  };
};

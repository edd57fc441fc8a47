/** The versions of each conversation that this node's screens were told of: everything above `from`, up to `to`. */
interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Told {
  /** A step from version `prev` to `version` was told. */
  add(id: string, prev: number, version: number): void;
  has(id: string, version: number): boolean;
  /** The highest version told; undefined when nothing is known. */
  upTo(id: string): number | undefined;
}

/** Remembers what was told for the `most` conversations last told of. What it forgets is told again, which harms nobody. */
export const makeTold = (input: { readonly most: number }): Told => {
  const spans = new Map<string, Span>();
  return {
    add: (id, prev, version) => {
      const known = spans.get(id);
      if (prev >= version) return;
      // Over a hole nothing is joined: what is in it must still be told.
      const apart = known === undefined || prev > known.to || version < known.from;
      const span = apart
        ? { from: prev, to: version }
        : { from: Math.min(prev, known.from), to: Math.max(version, known.to) };
      if (known !== undefined && apart && version < known.from) return;
      spans.delete(id);
      spans.set(id, span);
      if (spans.size <= input.most) return;
      for (const oldest of spans.keys()) {
        spans.delete(oldest);
        break;
      }
    },
    has: (id, version) => {
      const known = spans.get(id);
      return known !== undefined && known.from < version && version <= known.to;
    },
    upTo: (id) => spans.get(id)?.to,
  };
};

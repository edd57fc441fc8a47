/** One observable value; `subscribe` and `get` fit React's useSyncExternalStore. */
export interface Value<T> {
  readonly get: () => T;
  readonly set: (next: T) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

export const createValue = <T>(initial: T): Value<T> => {
  const listeners = new Set<() => void>();
  let current = initial;
  return {
    get: () => current,
    set: (next) => {
      if (Object.is(next, current)) return;
      current = next;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
};

/** Listeners by key: a change of one row wakes one row. */
export interface Bells {
  readonly ring: (key: string) => void;
  readonly subscribe: (key: string, listener: () => void) => () => void;
}

export const createBells = (): Bells => {
  const byKey = new Map<string, Set<() => void>>();
  return {
    ring: (key) => {
      for (const listener of byKey.get(key) ?? []) listener();
    },
    subscribe: (key, listener) => {
      const listeners = byKey.get(key) ?? new Set();
      byKey.set(key, listeners);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) byKey.delete(key);
      };
    },
  };
};

import { Component, useSyncExternalStore, type ReactNode } from "react";
import { Icon, type IconName } from "./icons.tsx";
import { createValue, type Value } from "../state/value.ts";

export const useValue = <T,>(value: Value<T>): T => useSyncExternalStore(value.subscribe, value.get);

const initials = (name: string): string =>
  name
    .split(/\s+/u)
    .filter((part) => /[\p{L}\p{N}]/u.test(part))
    .slice(0, 2)
    .map((part) => String.fromCodePoint(part.codePointAt(0) ?? 63))
    .join("")
    .toUpperCase() || "?";

const hue = (seed: string): number => {
  let sum = 7;
  for (const letter of seed) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 8;
  return sum;
};

/** Initials on a colour that follows the id, so that a person looks the same everywhere. */
export const Avatar = ({ id, name, small = false }: { id: string; name: string; small?: boolean }): ReactNode => (
  <span className={`avatar avatar-${hue(id)} ${small ? "avatar-small" : ""}`} aria-hidden="true">
    {initials(name)}
  </span>
);

export const Empty = ({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title: string;
  children?: ReactNode;
}): ReactNode => (
  <div className="empty">
    <Icon name={icon} size={28} />
    <p className="empty-title">{title}</p>
    {children}
  </div>
);

export const Skeleton = ({ lines }: { lines: number }): ReactNode => (
  <div className="skeleton" aria-hidden="true">
    {Array.from({ length: lines }, (_, i) => (
      <span key={i} className={`skeleton-line skeleton-${i % 3}`} />
    ))}
  </div>
);

/** One clock for the whole screen: relative times move together, once in 15 s; countdowns use `seconds`. */
const ticking = (ms: number): Value<number> => {
  const value = createValue(Date.now());
  let users = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    get: value.get,
    set: value.set,
    subscribe: (listener) => {
      users += 1;
      if (users === 1) {
        value.set(Date.now());
        timer = setInterval(() => value.set(Date.now()), ms);
      }
      const stop = value.subscribe(listener);
      return () => {
        stop();
        users -= 1;
        if (users === 0) clearInterval(timer);
      };
    },
  };
};
const slow = ticking(15_000);
const fast = ticking(500);
export const useNow = (): number => useValue(slow);
export const useSeconds = (): number => useValue(fast);

/** Shows the fault of a part instead of a blank page. */
export class Boundary extends Component<
  { children: ReactNode; fallback: (retry: () => void) => ReactNode },
  { failed: boolean }
> {
  override state = { failed: false };
  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }
  override render(): ReactNode {
    return this.state.failed ? this.props.fallback(() => this.setState({ failed: false })) : this.props.children;
  }
}

export interface ToastNews {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
  readonly action: { readonly label: string; run(): void } | null;
}
const toasts = createValue<readonly ToastNews[]>([]);
let lastToast = 0;

/** Says something at the edge of the screen for `ms`; announced politely, or at once when it is bad. */
export const toast = (input: { text: string; bad?: boolean; action?: ToastNews["action"]; ms?: number }): void => {
  lastToast += 1;
  const id = lastToast;
  toasts.set([
    ...toasts.get().slice(-2),
    { id, text: input.text, bad: input.bad ?? false, action: input.action ?? null },
  ]);
  setTimeout(() => dropToast(id), input.ms ?? 6_000);
};
const dropToast = (id: number): void => toasts.set(toasts.get().filter((one) => one.id !== id));

export const Toasts = (): ReactNode => {
  const list = useValue(toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {list.map((one) => (
        <div key={one.id} className={one.bad ? "toast toast-bad" : "toast"} {...(one.bad ? { role: "alert" } : {})}>
          <span>{one.text}</span>
          {one.action === null ? null : (
            <button
              type="button"
              className="toast-action"
              onClick={() => {
                one.action?.run();
                dropToast(one.id);
              }}
            >
              {one.action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
};

import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

/**
 * A listbox of rows of one height of which only the visible ones exist. The active row is always rendered, however far
 * away: `aria-activedescendant` must never point to nothing.
 */
export const VirtualList = ({
  ids,
  height,
  active,
  label,
  idOf,
  children,
  onActive,
  onOpen,
  onEnd,
  onScrolled,
}: {
  ids: readonly string[];
  height: number;
  active: string | null;
  label: string;
  idOf: (id: string) => string;
  children: (input: { id: string; top: number; position: number; size: number; active: boolean }) => ReactNode;
  onActive: (id: string) => void;
  onOpen: () => void;
  /** The end is near: more rows are wanted. */
  onEnd: () => void;
  /** Whether the top of the list is out of sight. */
  onScrolled: (away: boolean) => void;
}): ReactNode => {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const at = active === null ? -1 : ids.indexOf(active);

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = () => {
      setView({ top: element.scrollTop, height: element.clientHeight });
      onScrolled(element.scrollTop > height);
    };
    measure();
    element.addEventListener("scroll", measure, { passive: true });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", measure);
      observer.disconnect();
    };
  }, [height, onScrolled]);

  const from = Math.max(0, Math.floor(view.top / height) - 6);
  const to = Math.min(ids.length, Math.ceil((view.top + view.height) / height) + 6);
  const nearEnd = to >= ids.length - 20;
  useEffect(() => {
    if (nearEnd) onEnd();
  }, [nearEnd, ids.length, onEnd]);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || at < 0) return;
    if (at * height < element.scrollTop) element.scrollTop = at * height;
    else if ((at + 1) * height > element.scrollTop + element.clientHeight)
      element.scrollTop = (at + 1) * height - element.clientHeight;
    // only when another row becomes active: a row that moves must not drag the list along
  }, [active, height]);

  const shown = ids.slice(from, to).map((id, i) => ({ id, index: from + i }));
  if (at >= 0 && active !== null && at < from) shown.unshift({ id: active, index: at });
  if (at >= 0 && active !== null && at >= to) shown.push({ id: active, index: at });

  const keys = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.height / height) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -ids.length,
      End: ids.length,
    };
    const step = steps[event.key];
    if (event.key === "Enter") onOpen();
    else if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    else {
      const next = ids[Math.max(0, Math.min(ids.length - 1, at < 0 ? 0 : at + step))];
      if (next !== undefined) onActive(next);
    }
    event.preventDefault();
  };

  return (
    <div
      ref={box}
      className="virtual-list"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      {...(at < 0 || active === null ? {} : { "aria-activedescendant": idOf(active) })}
      onKeyDown={keys}
    >
      <div role="presentation" className="virtual-space" style={{ height: ids.length * height }}>
        {shown.map(({ id, index }) =>
          children({ id, top: index * height, position: index + 1, size: ids.length, active: id === active }),
        )}
      </div>
    </div>
  );
};

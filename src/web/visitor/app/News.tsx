/** @jsxImportSource preact */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Line } from "./lines.ts";
import type { Texts } from "./texts/index.ts";

const everyMs = 2000;

/** The one place that speaks to a screen reader: what agents write, at most every two seconds. */
export const News = (props: {
  readonly lines: readonly Line[];
  readonly typing: boolean;
  readonly texts: Texts;
  readonly operator: string;
}) => {
  const { lines, texts } = props;
  const [said, setSaid] = useState("");
  const spoken = useRef<Set<string> | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const waiting = useRef<Line[]>([]);

  useEffect(() => {
    const theirs = lines.filter(({ from }) => from === "agent");
    const known = (spoken.current ??= new Set(theirs.map(({ key }) => key)));
    const fresh = theirs.filter(({ key, unseen }) => !known.has(key) && unseen !== undefined);
    for (const { key } of fresh) known.add(key);
    if (fresh.length === 0) return;
    waiting.current.push(...fresh);
    const speak = (): void => {
      timer.current = undefined;
      const last = waiting.current.at(-1);
      if (!last) return;
      const name = last.author.name || props.operator || texts.t("operator");
      const file = last.files[0];
      const words = last.text
        ? texts.t("says", { name, text: last.text })
        : texts.t("sentFile", { name, text: file?.name ?? "" });
      const n = waiting.current.length;
      setSaid(n > 1 ? `${texts.t("news", { n })}. ${words}` : words);
      waiting.current = [];
      timer.current = setTimeout(speak, everyMs);
    };
    if (!timer.current) speak();
  }, [lines]);

  return (
    <div class="unseen" aria-live="polite">
      {said}
    </div>
  );
};

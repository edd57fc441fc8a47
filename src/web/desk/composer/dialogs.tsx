import { lazy, Suspense, type ReactNode } from "react";
import type { ContentType, ConversationRow } from "#wire";
import type { Letter, Pending } from "../../state/outbox.ts";
import type { Target } from "./target.ts";

// Loaded when they are opened: most answers are plain text.
const Templates = lazy(async () => ({ default: (await import("./templates.tsx")).Templates }));
const Special = lazy(async () => ({ default: (await import("./special.tsx")).Special }));
const Conflict = lazy(async () => ({ default: (await import("./conflict.tsx")).Conflict }));
const Strangers = lazy(async () => ({ default: (await import("./strangers.tsx")).Strangers }));

/** What waits for the agent's decision: an answer somebody came before, a letter that would leave the case. */
export const Doubts = ({ letters }: { letters: readonly Pending[] }): ReactNode => {
  const stale = letters.find((one) => one.state === "stale");
  const unsure = letters.find((one) => one.state === "confirm");
  return (
    <Suspense fallback={null}>
      {stale === undefined ? null : <Conflict letter={stale} />}
      {unsure === undefined ? null : <Strangers letter={unsure} />}
    </Suspense>
  );
};

/** What the composer opens above itself for a message that is more than text. */
export const Dialogs = ({
  kind,
  target,
  row,
  text,
  onPost,
  onClose,
}: {
  kind: ContentType | null;
  target: Target | null;
  row: ConversationRow;
  text: string;
  onPost: (what: Pick<Letter, "text" | "uploads" | "thenStatus" | "more">, usesText: boolean) => void;
  onClose: () => void;
}): ReactNode => {
  if (kind === null || target === null) return null;
  return (
    <Suspense fallback={null}>
      {kind === "template" ? (
        <Templates
          accountId={target.accountId}
          conversationId={row.id}
          contactName={row.contact.name}
          onClose={onClose}
          onSend={({ template, values, uploads, text: words }) => {
            const content = { type: "template" as const, name: template.name, language: template.language, values };
            onPost({ text: words, uploads, thenStatus: null, more: { content } }, false);
          }}
        />
      ) : (
        <Special
          kind={kind}
          text={text}
          onClose={onClose}
          onSend={(made) =>
            onPost({ text: made.text, uploads: [], thenStatus: null, more: { content: made.content } }, true)
          }
        />
      )}
    </Suspense>
  );
};

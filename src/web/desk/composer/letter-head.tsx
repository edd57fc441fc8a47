import { lazy, Suspense, type ReactNode } from "react";
import { useWords } from "../context.ts";
import type { LetterState } from "./letter.ts";

// Chats never need it.
const Recipients = lazy(async () => ({ default: (await import("./recipients.tsx")).Recipients }));

/** What stands above a letter: who gets it, and its subject. */
export const LetterHead = ({
  letter,
  fixed,
  subject,
  onSubject,
}: {
  /** Null: it goes to the one address of its thread. */
  letter: LetterState | null;
  fixed: boolean;
  subject: string;
  onSubject: (subject: string) => void;
}): ReactNode => {
  const { t } = useWords();
  return (
    <>
      {letter === null ? null : (
        <Suspense fallback={<div className="to-head to-wait" />}>
          <Recipients letter={letter} fixed={fixed} />
        </Suspense>
      )}
      <label className="composer-subject">
        <span>{t("composer.subject")}</span>
        <input value={subject} maxLength={500} onChange={(event) => onSubject(event.target.value)} />
      </label>
    </>
  );
};

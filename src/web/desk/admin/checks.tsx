import type { ReactNode } from "react";
import { Icon } from "../../kit/icons.tsx";
import { useWords } from "../context.ts";

/** What an account needs, one by one, as the last test found it. */
export const Checks = ({
  checks,
}: {
  checks: readonly { readonly id: string; readonly says: string; readonly ok: boolean }[];
}): ReactNode => {
  const { t, maybe } = useWords();
  if (checks.length === 0) return null;
  return (
    <ul className="checks">
      {checks.map(({ id, says, ok }) => (
        <li key={id} className={ok ? "check-ok" : "check-bad"}>
          <Icon name={ok ? "check" : "close"} size={14} />
          <span className="hidden">{t(ok ? "checks.ok" : "checks.missing")}</span> {maybe(`check.${id}`, says)}
        </li>
      ))}
    </ul>
  );
};

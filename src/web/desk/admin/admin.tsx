import type { ReactNode } from "react";
import { Link } from "wouter";
import { Icon, type IconName } from "../../kit/icons.tsx";
import { useWords } from "../context.ts";
import { Queries } from "../query.tsx";
import { Canned } from "./canned.tsx";
import { Channels } from "./channels.tsx";
import { DeadLetters } from "./dead-letters.tsx";
import { Tenants } from "./tenants.tsx";
import { Tokens } from "./tokens.tsx";
import { Users } from "./users.tsx";
import "../styles/pages.css";

const sections = {
  tenants: { icon: "panel", Part: Tenants },
  channels: { icon: "inbox", Part: Channels },
  users: { icon: "contacts", Part: Users },
  canned: { icon: "text", Part: Canned },
  "dead-letters": { icon: "dead", Part: DeadLetters },
  tokens: { icon: "key", Part: Tokens },
} as const satisfies Record<string, { icon: IconName; Part: () => ReactNode }>;

type Section = keyof typeof sections;
const names: readonly Section[] = ["tenants", "channels", "users", "canned", "dead-letters", "tokens"];

const Admin = ({ section }: { section: string }): ReactNode => {
  const { t } = useWords();
  const here = names.find((name) => name === section) ?? "channels";
  const { Part } = sections[here];
  return (
    <div className="admin">
      <nav className="views" aria-label={t("shell.admin")}>
        <ul>
          {names.map((name) => (
            <li key={name}>
              <Link
                href={`/admin/${name}`}
                className={name === here ? "view view-here" : "view"}
                {...(name === here ? { "aria-current": "page" as const } : {})}
              >
                <Icon name={sections[name].icon} />
                <span className="view-name">{t(`admin.${name}`)}</span>
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <main className="page" id="main">
        <h1>{t(`admin.${here}`)}</h1>
        <Queries>
          <Part />
        </Queries>
      </main>
    </div>
  );
};
export default Admin;

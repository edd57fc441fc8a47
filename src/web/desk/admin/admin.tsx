import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { Icon, type IconName } from "../../kit/icons.tsx";
import type { ChannelAccountView } from "#wire";
import { useDesk, useWords } from "../context.ts";
import { Queries } from "../query.tsx";
import { Canned } from "./canned.tsx";
import { Channels } from "./channels.tsx";
import { needsLook } from "../troubled.ts";
import { channelsPath } from "./paths.ts";
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

/** How many accounts wait for somebody; nothing while all is well. */
const Troubled = (): ReactNode => {
  const { t } = useWords();
  const { api } = useDesk();
  const { data } = useQuery({
    queryKey: [channelsPath],
    queryFn: () => api.get<{ channels: readonly ChannelAccountView[] }>(channelsPath),
    refetchInterval: 30_000,
  });
  const n = data?.channels.filter(needsLook).length ?? 0;
  if (n === 0) return null;
  return (
    <span className="troubled" title={t("channels.needLook")}>
      <span className="hidden">{t("channels.needLook")}: </span>
      {n}
    </span>
  );
};

const Admin = ({ section }: { section: string }): ReactNode => {
  const { t } = useWords();
  const here = names.find((name) => name === section) ?? "channels";
  const { Part } = sections[here];
  return (
    <Queries>
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
                  {name === "channels" ? <Troubled /> : null}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <main className="page" id="main">
          <h1>{t(`admin.${here}`)}</h1>
          <Part />
        </main>
      </div>
    </Queries>
  );
};
export default Admin;

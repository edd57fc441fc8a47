import type { ReactNode } from "react";
import type { DeadLetter } from "#wire";
import { Empty, toast } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { ChannelIcon } from "../../kit/icons.tsx";
import { explain } from "../actions.ts";
import { tenantOf, useDesk, useWords } from "../context.ts";
import { Load, useReload } from "../query.tsx";

const path = "/api/admin/dead-letters";

/** What arrived and could not be filed: nothing is lost, everything can be tried again. */
export const DeadLetters = (): ReactNode => {
  const { t, dateTime } = useWords();
  const { api, boot } = useDesk();
  const reload = useReload();
  const replay = async (letter: DeadLetter) => {
    try {
      await api.send("POST", `${path}/${letter.id}/replay`);
      toast({ text: t("dead.replayed") });
    } catch (thrown) {
      explain(thrown);
    }
    await reload(path);
  };
  return (
    <>
      <p className="muted">{t("dead.lead")}</p>
      <Load<{ items: readonly DeadLetter[]; total: number }> path={path} everyMs={15_000}>
        {({ items, total }) =>
          items.length === 0 ? (
            <Empty icon="check" title={t("dead.none")} />
          ) : (
            <>
              <p>{t("dead.total", { n: total })}</p>
              <ul className="accounts">
                {items.map((letter) => (
                  <li key={letter.id} className="card">
                    <div className="account-head">
                      <ChannelIcon kind={letter.channel} title={letter.channel} size={18} />
                      <div className="account-name">
                        <h2>{letter.accountName}</h2>
                        <p className="muted">
                          {tenantOf(boot, letter.tenantId)?.name} · {letter.type} · {dateTime(letter.receivedAt)} ·{" "}
                          {t("dead.attempts", { n: letter.attempts })}
                        </p>
                      </div>
                      <Button icon="refresh" onClick={() => void replay(letter)}>
                        {t("dead.replay")}
                      </Button>
                    </div>
                    <p className="account-error">{letter.error}</p>
                    <p>
                      <a href={`${path}/${letter.id}/raw`} download>
                        {t("mail.original")}
                      </a>
                    </p>
                    {letter.excerpt === "" ? null : <pre className="excerpt">{letter.excerpt}</pre>}
                  </li>
                ))}
              </ul>
            </>
          )
        }
      </Load>
    </>
  );
};

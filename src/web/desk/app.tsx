import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { Boundary, Empty, Skeleton } from "../kit/bits.tsx";
import { Button } from "../kit/controls.tsx";
import { homeOf, isAdmin, useDesk, useWords } from "./context.ts";
import { Inbox } from "./inbox/inbox.tsx";
import { Banner, Rail } from "./shell.tsx";
import { hasPhone } from "./phone/words.ts";
import { CommandsContext, createCommands, useHotkeys } from "./commands.ts";

const Admin = lazy(() => import("./admin/admin.tsx"));
const Contacts = lazy(() => import("./contact/contacts.tsx"));
const Profile = lazy(() => import("./profile.tsx"));
const PhoneSlot = lazy(() => import("./phone/phone.tsx"));
const Begin = lazy(() => import("./begin.tsx"));
const Palette = lazy(() => import("./palette.tsx"));
const Shortcuts = lazy(() => import("./shortcuts.tsx"));

export const App = (): ReactNode => {
  const { t } = useWords();
  const { boot } = useDesk();
  const [, go] = useLocation();
  const [layer, setLayer] = useState<"palette" | "shortcuts" | "begin" | null>(null);
  const commands = useMemo(createCommands, []);

  const everywhere = useMemo(
    () =>
      new Map<string, () => void>([
        ["mod+k", () => setLayer("palette")],
        ["?", () => setLayer("shortcuts")],
        ["g n", () => setLayer("begin")],
        ["g m", () => go("/inbox/mine")],
        ["g u", () => go("/inbox/unassigned")],
        ["g a", () => go("/inbox/all")],
        ["g s", () => go("/inbox/snoozed")],
        ["g c", () => go("/inbox/closed")],
        ["g k", () => go("/contacts")],
        ["g p", () => go("/profile")],
      ]),
    [go],
  );
  useHotkeys(commands, everywhere, layer === null);

  return (
    <CommandsContext value={commands}>
      <div className="app">
        <a className="skip" href="#main">
          {t("shell.skip")}
        </a>
        <Rail
          admin={isAdmin(boot)}
          onPalette={() => setLayer("palette")}
          onBegin={() => setLayer("begin")}
          onShortcuts={() => setLayer("shortcuts")}
        />
        <Banner />
        {hasPhone(boot) ? (
          <Suspense>
            <PhoneSlot />
          </Suspense>
        ) : null}
        <Boundary
          fallback={(retry) => (
            <main className="page">
              <Empty icon="warning" title={t("shell.broken")}>
                <Button onClick={retry}>{t("common.tryAgain")}</Button>
              </Empty>
            </main>
          )}
        >
          <Suspense
            fallback={
              <main className="page" id="main">
                <Skeleton lines={6} />
              </main>
            }
          >
            <Switch>
              <Route path="/inbox/:view/:id?">{(params) => <Inbox view={params.view} id={params.id ?? null} />}</Route>
              <Route path="/admin/:section?">
                {(params) => (isAdmin(boot) ? <Admin section={params.section ?? "channels"} /> : <Redirect to="/" />)}
              </Route>
              <Route path="/contacts" component={Contacts} />
              <Route path="/profile" component={Profile} />
              <Route>
                <Redirect to={homeOf(boot)} replace />
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
        <Suspense>
          {layer === "palette" ? (
            <Palette commands={commands} everywhere={everywhere} onClose={() => setLayer(null)} />
          ) : null}
          {layer === "begin" ? <Begin onClose={() => setLayer(null)} /> : null}
          {layer === "shortcuts" ? <Shortcuts onClose={() => setLayer(null)} /> : null}
        </Suspense>
      </div>
    </CommandsContext>
  );
};

import { useEffect, useState } from "react";
import type { ChannelAccountView } from "#wire";
import { useDesk } from "./context.ts";

/** An account that an administrator must look at: broken, or about to be. */
export const needsLook = ({ enabled, state, stateText }: ChannelAccountView): boolean =>
  enabled && (state === "offline" || state === "needs-login" || (state === "online" && stateText !== ""));

const everyMs = 60_000;

/** How many channel accounts wait for an administrator. Looked up once a minute while somebody can see it. */
export const useTroubled = (admin: boolean): number => {
  const { api } = useDesk();
  const [n, setN] = useState(0);
  useEffect(() => {
    if (!admin) return undefined;
    let gone = false;
    const look = () => {
      if (document.hidden) return;
      void api.get<{ channels: readonly ChannelAccountView[] }>("/api/admin/channels").then(
        ({ channels }) => !gone && setN(channels.filter(needsLook).length),
        // a badge is no reason to disturb anybody
        () => undefined,
      );
    };
    look();
    const timer = setInterval(look, everyMs);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [admin, api]);
  return n;
};

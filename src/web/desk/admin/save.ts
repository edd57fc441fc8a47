import { useState } from "react";
import { toast } from "../../kit/bits.tsx";
import { Refused, refusalOf } from "../../state/refused.ts";
import { useDesk, useWords } from "../context.ts";
import { useReload } from "../query.tsx";
import { queuesPath, tenantsPath } from "./paths.ts";

/**
 * Sends a change of a company or queue, and then shows it everywhere on this desk: lists of the settings are read
 * again, and so is the boot document the inbox and the other forms live on.
 */
export const useSave = (input: { readonly taken: string; readonly onDone: () => void }) => {
  const { t } = useWords();
  const { api, renew } = useDesk();
  const reload = useReload();
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async (method: "POST" | "PATCH", path: string, body: object): Promise<void> => {
    setBusy(true);
    try {
      await api.send(method, path, body);
      await Promise.all([reload(tenantsPath), reload(queuesPath)]);
      toast({ text: t("common.saved") });
      input.onDone();
      renew();
    } catch (thrown) {
      const code = refusalOf(thrown);
      const words = thrown instanceof Refused && code === "bad-request" ? ` ${thrown.message}` : "";
      setFault(code === "conflict" ? input.taken : t(`refusal.${code}`) + words);
      setBusy(false);
    }
  };
  return { save, fault, busy };
};

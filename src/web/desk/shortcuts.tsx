import type { ReactNode } from "react";
import { useValue } from "../kit/bits.tsx";
import { Keys } from "../kit/controls.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Check } from "../kit/field.tsx";
import { shortcuts } from "./commands.ts";
import { useWords } from "./context.ts";
import { setSingleKeys, singleKeys } from "./settings.ts";

const groups = ["list", "conversation", "phone", "writing", "go"] as const;

const Shortcuts = ({ onClose }: { onClose: () => void }): ReactNode => {
  const { t } = useWords();
  const on = useValue(singleKeys);
  return (
    <Dialog open onClose={onClose} title={t("shell.shortcuts")} closeLabel={t("common.close")} wide>
      <div className="sheet">
        {groups.map((group) => (
          <section key={group}>
            <h3>{t(`keys.group.${group}`)}</h3>
            <dl>
              {shortcuts
                .filter((one) => one.group === group)
                .map(({ keys, says }) => (
                  <div key={keys}>
                    <dt>{t(says)}</dt>
                    <dd>
                      <Keys of={keys} />
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <Check label={t("keys.single")} help={t("keys.singleHelp")} checked={on} onChecked={setSingleKeys} />
    </Dialog>
  );
};
export default Shortcuts;

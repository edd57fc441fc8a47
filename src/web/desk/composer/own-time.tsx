import { useState, type ReactNode } from "react";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { TextField } from "../../kit/field.tsx";
import { useWords } from "../context.ts";

const local = (at: Date): string => {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
};

/** A moment of the agent's own choice; null = none was chosen. */
const OwnTime = ({ onAt }: { onAt: (at: Date | null) => void }): ReactNode => {
  const { t } = useWords();
  const [own, setOwn] = useState(() => local(new Date(Date.now() + 3_600_000)));
  const chosen = new Date(own);
  return (
    <Dialog
      open
      onClose={() => onAt(null)}
      title={t("later.title")}
      closeLabel={t("common.close")}
      actions={
        <Button look="primary" disabled={!(chosen.getTime() > Date.now())} onClick={() => onAt(chosen)}>
          {t("later.set")}
        </Button>
      }
    >
      <TextField
        label={t("later.when")}
        type="datetime-local"
        value={own}
        min={local(new Date())}
        onChange={(event) => setOwn(event.target.value)}
      />
    </Dialog>
  );
};
export default OwnTime;

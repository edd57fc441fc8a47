import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { Icon } from "./icons.tsx";

/** A modal window: focus stays inside and returns to where it was; Escape closes. */
export const Dialog = ({
  open,
  onClose,
  title,
  closeLabel,
  wide = false,
  children,
  actions,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  closeLabel: string;
  wide?: boolean;
  children: ReactNode;
  actions?: ReactNode;
}): ReactNode => (
  <Base.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
    <Base.Portal>
      <Base.Backdrop className="backdrop" />
      <Base.Popup className={wide ? "dialog dialog-wide" : "dialog"}>
        <header className="dialog-head">
          <Base.Title className="dialog-title">{title}</Base.Title>
          <Base.Close className="icon-button" aria-label={closeLabel}>
            <Icon name="close" />
          </Base.Close>
        </header>
        <div className="dialog-body">{children}</div>
        {actions === undefined ? null : <footer className="dialog-actions">{actions}</footer>}
      </Base.Popup>
    </Base.Portal>
  </Base.Root>
);

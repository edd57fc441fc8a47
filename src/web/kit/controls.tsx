import { Menu as BaseMenu } from "@base-ui/react/menu";
import { Tooltip } from "@base-ui/react/tooltip";
import type { ButtonHTMLAttributes, ReactElement, ReactNode } from "react";
import { Icon, type IconName } from "./icons.tsx";

type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type"> & {
  readonly look?: "plain" | "primary" | "quiet" | "danger" | "note";
  readonly icon?: IconName;
  readonly type?: "button" | "submit";
};

export const Button = ({
  look = "plain",
  icon,
  type = "button",
  children,
  className,
  ...rest
}: ButtonProps): ReactNode => (
  <button type={type} className={`button button-${look} ${className ?? ""}`} {...rest}>
    {icon === undefined ? null : <Icon name={icon} />}
    {children}
  </button>
);

export const Hint = ({
  text,
  keys,
  children,
}: {
  text: string;
  keys?: string | undefined;
  children: ReactElement;
}): ReactNode => (
  <Tooltip.Root>
    <Tooltip.Trigger render={children} />
    <Tooltip.Portal>
      <Tooltip.Positioner sideOffset={6} className="layer">
        <Tooltip.Popup className="hint">
          {text}
          {keys === undefined ? null : <Keys of={keys} />}
        </Tooltip.Popup>
      </Tooltip.Positioner>
    </Tooltip.Portal>
  </Tooltip.Root>
);

/** A button that shows only a picture: its label is spoken and shown on hover and focus. */
export const IconButton = ({
  icon,
  label,
  keys,
  className,
  ...rest
}: Omit<ButtonProps, "children" | "look" | "icon"> & { icon: IconName; label: string; keys?: string }): ReactNode => (
  <Hint text={label} keys={keys}>
    <button type="button" aria-label={label} className={`icon-button ${className ?? ""}`} {...rest}>
      <Icon name={icon} />
    </button>
  </Hint>
);

/** "mod+Enter" as the keys of this computer. */
export const Keys = ({ of }: { of: string }): ReactNode => {
  const mac = /Mac|iP/.test(navigator.platform);
  return (
    <kbd className="keys">
      {of
        .replace("mod+", mac ? "⌘" : "Ctrl+")
        .replace("shift+", mac ? "⇧" : "Shift+")
        .replace("Enter", "↵")}
    </kbd>
  );
};

export interface MenuEntry {
  readonly label: string;
  readonly icon?: IconName;
  readonly keys?: string;
  readonly checked?: boolean;
  readonly disabled?: boolean;
  readonly run: () => void;
}

export const Menu = ({
  trigger,
  entries,
  heading,
}: {
  trigger: ReactElement;
  entries: readonly (MenuEntry | "line")[];
  heading?: string;
}): ReactNode => (
  <BaseMenu.Root>
    <BaseMenu.Trigger render={trigger} />
    <BaseMenu.Portal>
      <BaseMenu.Positioner sideOffset={4} align="start" className="layer">
        <BaseMenu.Popup className="menu">
          {heading === undefined ? null : (
            <BaseMenu.Group>
              <BaseMenu.GroupLabel className="menu-heading">{heading}</BaseMenu.GroupLabel>
            </BaseMenu.Group>
          )}
          {entries.map((entry, i) =>
            entry === "line" ? (
              <BaseMenu.Separator key={`line${i}`} className="menu-line" />
            ) : (
              <BaseMenu.Item
                key={entry.label}
                className="menu-item"
                disabled={entry.disabled ?? false}
                onClick={entry.run}
              >
                <span className="menu-icon">
                  {entry.checked === true ? (
                    <Icon name="check" />
                  ) : entry.icon === undefined ? null : (
                    <Icon name={entry.icon} />
                  )}
                </span>
                <span className="menu-label">{entry.label}</span>
                {entry.keys === undefined ? null : <Keys of={entry.keys} />}
              </BaseMenu.Item>
            ),
          )}
        </BaseMenu.Popup>
      </BaseMenu.Positioner>
    </BaseMenu.Portal>
  </BaseMenu.Root>
);

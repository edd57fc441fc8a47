import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from "react";

type Labelled = { readonly label: string; readonly help?: string | undefined; readonly fault?: string | undefined };

const Frame = ({ id, label, help, fault, children }: Labelled & { id: string; children: ReactNode }): ReactNode => (
  <div className="field">
    <label htmlFor={id}>{label}</label>
    {children}
    {help === undefined || help === "" ? null : (
      <p className="field-help" id={`${id}-help`}>
        {help}
      </p>
    )}
    {fault === undefined ? null : (
      <p className="field-fault" role="alert">
        {fault}
      </p>
    )}
  </div>
);

/** What was typed into a named field of a form. */
export const typed = (form: FormData, name: string): string => {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
};

export const TextField = ({
  label,
  help,
  fault,
  ...rest
}: Labelled & InputHTMLAttributes<HTMLInputElement>): ReactNode => {
  const id = useId();
  return (
    <Frame id={id} label={label} help={help} fault={fault}>
      <input
        id={id}
        className="input"
        aria-invalid={fault !== undefined}
        {...(help === undefined || help === "" ? {} : { "aria-describedby": `${id}-help` })}
        {...rest}
      />
    </Frame>
  );
};

export const TextArea = ({
  label,
  help,
  value,
  onValue,
  rows = 4,
  required = false,
}: Labelled & { value: string; onValue: (value: string) => void; rows?: number; required?: boolean }): ReactNode => {
  const id = useId();
  return (
    <Frame id={id} label={label} help={help}>
      <textarea
        id={id}
        className="input"
        rows={rows}
        required={required}
        value={value}
        onChange={(event) => onValue(event.target.value)}
      />
    </Frame>
  );
};

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export const Select = ({
  label,
  help,
  choices,
  value,
  onValue,
  ...rest
}: Labelled & { choices: readonly Choice[]; value: string; onValue: (value: string) => void } & Omit<
    SelectHTMLAttributes<HTMLSelectElement>,
    "value" | "onChange"
  >): ReactNode => {
  const id = useId();
  return (
    <Frame id={id} label={label} help={help}>
      <select id={id} className="input" value={value} onChange={(event) => onValue(event.target.value)} {...rest}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </Frame>
  );
};

export const Check = ({
  label,
  checked,
  onChecked,
  help,
}: {
  label: string;
  checked: boolean;
  onChecked: (on: boolean) => void;
  help?: string;
}): ReactNode => (
  <label className="check">
    <input type="checkbox" checked={checked} onChange={(event) => onChecked(event.target.checked)} />
    <span>
      {label}
      {help === undefined || help === "" ? null : <span className="field-help">{help}</span>}
    </span>
  </label>
);

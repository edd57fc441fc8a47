/** Voice menus, written a line each so that an admin can edit them in a form. */

export type Choice =
  | { readonly go: "queue"; readonly queue: string }
  | { readonly go: "menu"; readonly menu: string }
  | { readonly go: "voicemail" | "callback" | "end" };

export interface Menu {
  readonly id: string;
  /** What is said. */
  readonly text: string;
  readonly choices: ReadonlyMap<string, Choice>;
  /** After no key, or wrong ones, twice. */
  readonly otherwise: Choice | undefined;
}

export type MenuLine =
  | { readonly menu: string; readonly says: string }
  | { readonly menu: string; readonly key: string; readonly choice: Choice };

const choiceOf = (word: string, name: string | undefined): Choice | undefined => {
  if (word === "queue" && name !== undefined) return { go: "queue", queue: name };
  if (word === "menu" && name !== undefined) return { go: "menu", menu: name };
  return (word === "voicemail" || word === "callback" || word === "end") && name === undefined
    ? { go: word }
    : undefined;
};

/** "main says For orders press one", "main 1 queue orders", "main else voicemail". Undefined = none of these. */
export const parseMenuLine = (line: string): MenuLine | undefined => {
  const says = /^([\w-]{1,40})\s+says\s+(.{1,500})$/s.exec(line.trim());
  if (says !== null) return { menu: says[1] ?? "", says: says[2] ?? "" };
  const match = /^([\w-]{1,40})\s+([0-9*#]|else)\s+(\w+)(?:\s+([\w-]{1,40}))?$/.exec(line.trim());
  const choice = match === null ? undefined : choiceOf(match[3] ?? "", match[4]);
  return choice === undefined ? undefined : { menu: match?.[1] ?? "", key: match?.[2] ?? "", choice };
};

/** Menus from their lines; those without a text are left out. */
export const readMenus = (lines: readonly string[]): ReadonlyMap<string, Menu> => {
  const menus = new Map<string, { text: string; choices: Map<string, Choice>; otherwise: Choice | undefined }>();
  for (const line of lines.map(parseMenuLine)) {
    if (line === undefined) continue;
    const menu = menus.get(line.menu) ?? { text: "", choices: new Map<string, Choice>(), otherwise: undefined };
    menus.set(line.menu, menu);
    if ("says" in line) menu.text = line.says;
    else if (line.key === "else") menu.otherwise = line.choice;
    else menu.choices.set(line.key, line.choice);
  }
  return new Map([...menus].filter(([, menu]) => menu.text !== "").map(([id, menu]) => [id, { id, ...menu }]));
};

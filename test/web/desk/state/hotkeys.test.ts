import { describe, expect, it } from "vitest";
import { createHotkeys, shortcutOf, type Press } from "../../../../src/web/state/hotkeys.ts";

const press = (key: string, change: Partial<Press> = {}): Press => ({
  key,
  code: "",
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  isComposing: false,
  altGraph: false,
  inText: false,
  ...change,
});

const polish = "ąćęłńóśźż";
const czech = "ěščřžýáíéúůďťňó";
const slovak = "ľĺŕäôň";

describe("shortcuts", () => {
  it.each((polish + czech + slovak).split(""))(
    "never swallow the letter %s, however the keyboard writes it",
    (letter) => {
      const ways = [
        press(letter, { inText: true }),
        press(letter, { inText: true, altGraph: true, ctrlKey: true, altKey: true }),
        press(letter, { inText: true, altKey: true }),
        press(letter, { inText: true, isComposing: true }),
        press("Dead", { inText: true }),
        press("Process", { inText: true }),
      ];
      for (const way of ways) for (const mac of [false, true]) expect(shortcutOf(way, mac)).toBeNull();
    },
  );

  it("ignore AltGr also where nothing is written: it is not Ctrl", () => {
    expect(shortcutOf(press("e", { ctrlKey: true, altKey: true, altGraph: true }), false)).toBeNull();
    expect(shortcutOf(press("e", { altKey: true }), false)).toBeNull();
  });

  it.each([
    [press("r"), false, "r"],
    [press("R", { shiftKey: true }), false, "r"],
    [press("?", { shiftKey: true }), false, "?"],
    [press("r", { inText: true }), false, null],
    [press("Escape", { inText: true }), false, "Escape"],
    [press("Enter", { inText: true }), false, null],
    [press("Enter", { inText: true, ctrlKey: true }), false, "mod+Enter"],
    [press("Enter", { inText: true, ctrlKey: true, shiftKey: true }), false, "mod+shift+Enter"],
    [press("Enter", { inText: true, metaKey: true }), true, "mod+Enter"],
    [press("k", { ctrlKey: true }), true, null],
    [press("k", { ctrlKey: true }), false, "mod+k"],
    [press("k", { metaKey: true }), false, null],
  ] as const)("are named by what the fingers did: case %#", (pressed, mac, name) => {
    expect(shortcutOf(pressed, mac)).toBe(name);
  });

  it("take two keys in a row, but not after a pause", () => {
    let now = 0;
    const ran: string[] = [];
    const map = new Map([
      ["g m", () => void ran.push("mine")],
      ["m", () => void ran.push("m")],
    ]);
    const hotkeys = createHotkeys({ mac: false, now: () => now, commands: () => map, singleKeys: () => true });
    expect(hotkeys.press(press("g"))).toBe(false);
    expect(hotkeys.press(press("m"))).toBe(true);
    hotkeys.press(press("g"));
    now = 5_000;
    hotkeys.press(press("m"));
    expect(ran).toEqual(["mine", "m"]);
  });

  it("of one letter can be switched off, chords stay", () => {
    const ran: string[] = [];
    const map = new Map([
      ["e", () => void ran.push("e")],
      ["mod+k", () => void ran.push("palette")],
    ]);
    const hotkeys = createHotkeys({ mac: false, now: () => 0, commands: () => map, singleKeys: () => false });
    hotkeys.press(press("e"));
    hotkeys.press(press("k", { ctrlKey: true }));
    expect(ran).toEqual(["palette"]);
  });
});

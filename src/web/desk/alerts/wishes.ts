import { createValue } from "../../state/value.ts";
import { sounds, type Sound } from "./sound.ts";

/** How an agent wants to be told of news; kept in this browser, because loudspeakers belong to places. */
export interface Wishes {
  readonly sound: Sound | "off";
  /** 0 to 1. */
  readonly volume: number;
  /** Also for conversations that nobody has. */
  readonly unassigned: boolean;
}

const key = "linka.alerts";
const usual: Wishes = { sound: "chime", volume: 0.6, unassigned: true };

const read = (): Wishes => {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "{}");
    if (typeof kept !== "object" || kept === null) return usual;
    const [sound, volume, unassigned]: readonly unknown[] = ["sound", "volume", "unassigned"].map((name) =>
      Reflect.get(kept, name),
    );
    return {
      sound: sound === "off" ? "off" : (sounds.find((one) => one === sound) ?? usual.sound),
      volume: typeof volume === "number" && volume >= 0 && volume <= 1 ? volume : usual.volume,
      unassigned: typeof unassigned === "boolean" ? unassigned : usual.unassigned,
    };
  } catch {
    return usual;
  }
};

export const wishes = createValue<Wishes>(read());

export const wish = (change: Partial<Wishes>): void => {
  wishes.set({ ...wishes.get(), ...change });
  try {
    localStorage.setItem(key, JSON.stringify(wishes.get()));
  } catch {
    // a browser that forbids storage forgets it on reload
  }
};

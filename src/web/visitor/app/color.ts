/** Colours readable on the account's own colour and readable in it, by the contrast formula of WCAG 2.2. */

type Rgb = readonly [number, number, number];

const rgb = (hex: string): Rgb => {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
};
const hex = (color: Rgb): string => `#${color.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

const luminance = (color: Rgb): number => {
  const [r, g, b] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

export const contrast = (a: string, b: string): number => {
  const [x, y] = [luminance(rgb(a)), luminance(rgb(b))];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
};

/** White where it reads well, else black: one of them always reaches 4.5. */
export const readableOn = (color: string): string => (contrast(color, "#ffffff") >= 4.5 ? "#ffffff" : "#000000");

/** The colour moved towards `towards` until it reaches 4.5 on the surface. */
export const readableIn = (color: string, surface: string, towards: string): string => {
  const [from, to] = [rgb(color), rgb(towards)];
  for (let step = 0; step <= 20; step += 1) {
    const mixed = hex(from.map((part, index) => part + ((to[index] ?? 0) - part) * (step / 20)) as unknown as Rgb);
    if (contrast(mixed, surface) >= 4.5) return mixed;
  }
  return towards;
};

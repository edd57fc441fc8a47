/** @jsxImportSource preact */
const shapes = {
  close: "M6 6l12 12M18 6 6 18",
  send: "M4.5 12h13M12 5.5l6.5 6.5-6.5 6.5",
  attach: "M20 11.5l-8.1 8a5 5 0 0 1-7.1-7.1l8.3-8.2a3.3 3.3 0 0 1 4.7 4.7l-8.2 8.2a1.7 1.7 0 0 1-2.4-2.4l7.5-7.4",
  emoji: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.4 14.4a4.4 4.4 0 0 0 7.2 0M9 9.6h.01M15 9.6h.01",
  sound: "M4.5 9.5v5h3.2l4.3 3.6V5.9L7.7 9.5H4.5ZM15.5 9.2a4 4 0 0 1 0 5.6M18 6.8a7.4 7.4 0 0 1 0 10.4",
  muted: "M4.5 9.5v5h3.2l4.3 3.6V5.9L7.7 9.5H4.5ZM16 9.8l4.4 4.4M20.4 9.8 16 14.2",
  exit: "M13.5 4H6v16h7.5M11 12h9.5M17 8.5l3.5 3.5-3.5 3.5",
  file: "M7 3.5h6.5L18 8v12.5H7zM13.5 3.5V8H18",
} as const;

export const Icon = ({ name }: { name: keyof typeof shapes }) => (
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <path d={shapes[name]} />
  </svg>
);

import type { ReactNode } from "react";

const paths = {
  inbox: "M3 12l3-8h12l3 8v7a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1zM3 12h5l1.5 3h5L16 12h5",
  contacts:
    "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21v-1a6 6 0 0 1 6-6h2a6 6 0 0 1 6 6v1M16 3.5a4 4 0 0 1 0 7.5M18 14.5a6 6 0 0 1 4 5.5v1",
  settings:
    "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM19 12l2 1.5-2 3.5-2.4-.8a7 7 0 0 1-1.8 1L14.300 20h-4.600l-.5-2.800a7 7 0 0 1-1.800-1L5 17l-2-3.500L5 12l-2-1.500L5 7l2.400.8a7 7 0 0 1 1.800-1L9.700 4h4.600l.5 2.800a7 7 0 0 1 1.800 1L19 7l2 3.500z",
  filter: "M4 5h16l-6 8v6l-4-2v-4z",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
  chat: "M4 5h16v11H9l-5 4z",
  email: "M3 6h18v12H3zM3 7l9 6 9-6",
  phone: "M6 3h3l2 5-2.500 2a12 12 0 0 0 5.500 5.500l2-2.500 5 2v3a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2z",
  hangup: "M3 14v-2.500a13 13 0 0 1 18 0V14l-4.500 1-1-3a11 11 0 0 0-7 0l-1 3z",
  mute: "M9 9v3a3 3 0 0 0 4.500 2.600M15 11V6a3 3 0 0 0-5.800-1M5 11a7 7 0 0 0 11 5.700M12 18v3M19 11a7 7 0 0 1-.5 2.500M3 3l18 18",
  pause: "M8 5v14M16 5v14",
  play: "M7 4l13 8-13 8z",
  keypad: "M6 5v.01M12 5v.01M18 5v.01M6 11v.01M12 11v.01M18 11v.01M6 17v.01M12 17v.01M18 17v.01",
  record: "M12 18a6 6 0 1 0 0-12 6 6 0 0 0 0 12z",
  transfer: "M4 8h13M13 4l4 4-4 4M20 16H7M11 12l-4 4 4 4",
  whatsapp: "M4 20l1.300-4A8 8 0 1 1 8 18.900zM9 8.500c0 4 2.500 6.500 6.500 6.500",
  messenger:
    "M12 3c5 0 9 3.600 9 8.300s-4 8.200-9 8.200c-1 0-2-.1-2.900-.4L6 21v-3c-1.900-1.600-3-3.900-3-6.700C3 6.600 7 3 12 3zM7 13l3.500-3.500 3 2L17 9",
  instagram:
    "M7 3h10a4 4 0 0 1 4 4v10a4 4 0 0 1-4 4H7a4 4 0 0 1-4-4V7a4 4 0 0 1 4-4zM12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM17.500 6.500v.01",
  loopback: "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
  send: "M4 12L21 4l-5 17-4-7z",
  lock: "M6 11h12v10H6zM8.500 11V7.500a3.500 3.500 0 0 1 7 0V11",
  pin: "M12 21s7-6.200 7-11.500a7 7 0 0 0-14 0C5 14.800 12 21 12 21zM12 12a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  clip: "M20 11l-8.500 8.500a5 5 0 0 1-7-7L13 4a3.500 3.500 0 0 1 5 5l-8.500 8.500a1.800 1.800 0 0 1-2.500-2.500L15 7",
  reply: "M10 5L4 11l6 6M4 11h9a7 7 0 0 1 7 7v1",
  close: "M6 6l12 12M18 6L6 18",
  check: "M4 13l5 5L20 6",
  checks: "M2 13l5 5L17 7M11 17l1 1L22 7",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2",
  warning: "M12 3l10 18H2zM12 10v5M12 18v.01",
  more: "M4 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0zM11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0zM18 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0z",
  back: "M15 5l-7 7 7 7",
  down: "M6 9l6 6 6-6",
  user: "M12 12a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM4 21a8 8 0 0 1 16 0",
  tag: "M3 12V4a1 1 0 0 1 1-1h8l9 9-9 9zM8 8v.01",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  pen: "M4 20l1-4L16 5l3 3L8 19z",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  undo: "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  merge: "M6 4v4a6 6 0 0 0 6 6 6 6 0 0 0 6-6V4M12 14v7",
  plus: "M12 5v14M5 12h14",
  key: "M15 9a5 5 0 1 1-4.500-4.950A5 5 0 0 1 15 9zM13.500 12.500L21 20M18 17l-2 2",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  panel: "M3 5h18v14H3zM15 5v14",
  refresh: "M20 11a8 8 0 0 0-14-5L3 9M3 4v5h5M4 13a8 8 0 0 0 14 5l3-3M21 20v-5h-5",
  dead: "M4 7l8-4 8 4v10l-8 4-8-4zM9 10l6 5M15 10l-6 5",
  text: "M5 6h14M5 12h14M5 18h8",
  queue: "M4 6h16M4 12h16M4 18h10",
  exit: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
} as const;

export type IconName = keyof typeof paths;

const channelIcons: Record<string, IconName> = {
  chat: "chat",
  email: "email",
  phone: "phone",
  whatsapp: "whatsapp",
  "whatsapp-web": "whatsapp",
  messenger: "messenger",
  instagram: "instagram",
  loopback: "loopback",
};

export const Icon = ({ name, size = 16 }: { name: IconName; size?: number }): ReactNode => (
  <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={paths[name]} />
  </svg>
);

/** A channel's glyph with its name for those who cannot see it. */
export const ChannelIcon = ({ kind, title, size = 14 }: { kind: string; title: string; size?: number }): ReactNode => (
  <span className="channel-icon" role="img" aria-label={title} title={title}>
    <Icon name={channelIcons[kind] ?? "chat"} size={size} />
  </span>
);

/** @jsxImportSource preact */
import { render } from "preact";
import { isNote, type ToFrame, type ToLoader } from "../bridge.ts";
import { App } from "./App.tsx";
import { createChat } from "./chat.ts";
import { readableOn } from "./color.ts";
import { connect } from "./mini-io.ts";
import { playTone } from "./sound.ts";
import "./style.css";
import { loadTexts } from "./texts/index.ts";
import { uploadTo } from "./upload.ts";

const query = new URLSearchParams(location.search);
const account = query.get("account") ?? "";
const texts = await loadTexts(query.get("lang") ?? "en");
document.documentElement.lang = texts.lang;
document.title = texts.t("title");

/** Claimed in the address, proved by the browser: what we post reaches that origin only, what comes must be from it. */
const host = location.hash.slice(1);

const post = <K extends keyof ToLoader>(type: K, data: ToLoader[K]): void =>
  parent.postMessage({ linka: 1, type, data }, host);

const chat = createChat({
  host,
  lang: texts.lang,
  connect: (on) => connect({ url: location.origin, namespace: "/visitor", auth: { account }, ...on }),
  upload: uploadTo(`/hooks/${encodeURIComponent(account)}`),
  keepToken: (token, keep) => post("token", { token, keep }),
  problem: (text) => post("problem", text),
  visible: () => document.visibilityState === "visible",
  arrived() {
    const { open, muted, look } = chat.state();
    if (look?.sound && !muted && !(open && document.hasFocus())) void playTone().catch(() => {});
  },
});

const openCall = async () => {
  const { CallBar, createCall } = await import("./calling.ts");
  const call = createCall({
    connect: (line, on) => connect({ url: location.origin, namespace: "/visitor", auth: { account: line }, ...on }),
    account,
  });
  return { call, Bar: CallBar };
};

let told = { unread: 0, color: "" };
chat.subscribe(() => {
  const { lines, open, look } = chat.state();
  const unread = open ? 0 : lines.filter((line) => line.unseen).length;
  const color = look ? `${look.color} ${readableOn(look.color)}` : "";
  if (unread !== told.unread) post("unread", unread);
  if (color !== told.color) post("color", color);
  told = { unread, color };
});

addEventListener("message", ({ source, origin, data }: MessageEvent<unknown>) => {
  if (source !== parent || origin !== host || !isNote<ToFrame>(data)) return;
  switch (data.type) {
    case "init":
      chat.init(data.data);
      break;
    case "open":
    case "close":
      chat.opened(data.type === "open");
      break;
    case "token":
      chat.adopt(data.data);
      break;
    case "identity":
      chat.identify(data.data);
      break;
    case "logout":
      void chat.logout();
  }
});
addEventListener("online", () => chat.awake());
document.addEventListener("visibilitychange", () => chat.awake());

const root = document.getElementById("chat");
if (root && parent !== window && URL.canParse(host)) {
  render(
    <App
      chat={chat}
      openCall={openCall}
      texts={texts}
      leave={(url) => post("exit", url)}
      close={() => post("close", null)}
    />,
    root,
  );
  post("ready", null);
}

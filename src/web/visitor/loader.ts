import { type Identity, isNote, type Note, type ToFrame, type ToLoader } from "./bridge.ts";
import { asLang, launcher, unreadWords } from "./launcher.ts";
import { css } from "./loader.css.ts";

/**
 * The host page's part: a button in a closed shadow root and, when it is needed, the frame with the chat. Nothing is
 * requested or stored before the visitor turns to the button, unless a session is known from before.
 */
interface Api {
  open(): void;
  close(): void;
  identify(identity: Identity): void;
  logout(): void;
  destroy(): void;
}
declare global {
  interface Window {
    Linka?: Api;
  }
}

const start = (script: HTMLScriptElement): void => {
  const { account = "", lang: tag, side, color, storage } = script.dataset;
  const base = new URL(script.src).origin;
  const lang = asLang(tag || document.documentElement.lang || "en");
  const key = `linka:${account}`;
  const keeps = storage !== "none";

  /** A page may be refused its storage: then the session lives as long as the page. */
  const stored = (store: "localStorage" | "sessionStorage", value?: string): string => {
    try {
      if (value) window[store].setItem(key, value);
      else if (value === "") window[store].removeItem(key);
      return window[store].getItem(key) ?? "";
    } catch {
      return "";
    }
  };

  let token = keeps ? stored("localStorage") : "";
  let frame: HTMLIFrameElement | undefined;
  let ready = false;
  let open = false;
  let unread = 0;
  let identity: Identity | null = null;

  const host = document.createElement("linka-chat");
  const root = host.attachShadow({ mode: "closed" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
  if (side) host.dataset["side"] = side;
  if (color) host.style.setProperty("--accent", color);
  const button = document.createElement("button");
  button.type = "button";
  const badge = document.createElement("b");
  const icon = (d: string): SVGElement => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("d", d);
    svg.append(path);
    return svg;
  };
  button.append(
    icon(
      "M20.5 11.6a8 8 0 0 1-8.3 7.8 9 9 0 0 1-3.4-.7L4 20l1.3-3.9a7.4 7.4 0 0 1-1.6-4.5 8 8 0 0 1 8.4-7.8 8 8 0 0 1 8.4 7.8ZM8.5 11.7h.01M12.1 11.7h.01M15.7 11.7h.01",
    ),
    icon("M6 6l12 12M18 6 6 18"),
    badge,
  );
  root.append(button);

  const label = (): void => {
    const words = launcher[lang][open ? "close" : "open"];
    button.setAttribute("aria-label", unread ? `${words}, ${unreadWords(lang, unread)}` : words);
    button.setAttribute("aria-expanded", String(open));
    badge.textContent = unread > 99 ? "99+" : unread ? String(unread) : "";
  };

  const post = <K extends keyof ToFrame>(type: K, data: ToFrame[K]): void => {
    if (ready) frame?.contentWindow?.postMessage({ linka: 1, type, data }, base);
  };

  const mount = (): void => {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = "Chat";
    frame.allow = "clipboard-write; microphone; autoplay";
    frame.src = `${base}/widget/app/index.html?account=${encodeURIComponent(account)}&lang=${lang}#${location.origin}`;
    root.append(frame);
  };

  const show = (next: boolean, focus = true): void => {
    mount();
    open = next;
    host.toggleAttribute("data-open", open);
    if (keeps) stored("sessionStorage", open ? "open" : "");
    if (open) unread = 0;
    label();
    if (open && focus) frame?.focus();
    if (focus) post(open ? "open" : "close", null);
    if (!open && focus) button.focus();
  };

  /** Of two tabs that began at once, the session stored first wins; the other tab is told. */
  const keepToken = (next: string, keep: boolean): void => {
    const session = (value: string): string => value.split(".")[0] ?? "";
    const there = keeps ? stored("localStorage") : "";
    if (next && there && there !== token && session(there) !== session(next)) {
      token = there;
      post("token", token);
      return;
    }
    if (keeps && (next || there === token)) stored("localStorage", keep ? next : "");
    token = next;
  };

  const heard = (event: MessageEvent): void => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== base || !isNote<ToLoader>(event.data))
      return;
    const note: Note<ToLoader> = event.data;
    switch (note.type) {
      case "ready":
        ready = true;
        post("init", { token, identity, page: location.href, open });
        break;
      case "token":
        keepToken(note.data.token, note.data.keep);
        break;
      case "color":
        host.style.setProperty("--accent", note.data.split(" ")[0] ?? "");
        host.style.setProperty("--on", note.data.split(" ")[1] ?? "");
        break;
      case "unread":
        unread = note.data;
        label();
        break;
      case "close":
        show(false);
        break;
      case "exit":
        stored("localStorage", "");
        stored("sessionStorage", "");
        host.remove();
        if (note.data.startsWith("https://")) location.replace(note.data);
        break;
      case "problem":
        window.dispatchEvent(new CustomEvent("linka:problem", { detail: note.data }));
    }
  };

  const elsewhere = (event: StorageEvent): void => {
    if (event.key !== key || !keeps || event.storageArea !== localStorage) return;
    token = event.newValue ?? "";
    if (frame) post("token", token);
    else if (token) mount();
  };

  const api: Api = {
    open: () => show(true),
    close: () => show(false),
    identify(next) {
      identity = next;
      post("identity", next);
    },
    logout() {
      identity = null;
      post("logout", null);
      if (!ready) keepToken("", false);
    },
    destroy() {
      removeEventListener("message", heard);
      removeEventListener("storage", elsewhere);
      host.remove();
      delete window.Linka;
    },
  };

  button.addEventListener("click", () => show(!open));
  button.addEventListener("pointerenter", mount);
  button.addEventListener("focus", mount);
  addEventListener("message", heard);
  addEventListener("storage", elsewhere);
  window.Linka = api;
  label();
  document.body.append(host);
  // Safari has no idle callbacks; a page that is never idle gets its chat all the same.
  if (token && "requestIdleCallback" in window) requestIdleCallback(mount, { timeout: 2000 });
  else if (token) setTimeout(mount, 500);
  if (token && stored("sessionStorage") && innerWidth > 480) show(true, false);
};

const script = document.currentScript;
if (script instanceof HTMLScriptElement && !window.Linka) {
  if (document.body) start(script);
  else addEventListener("DOMContentLoaded", () => start(script), { once: true });
}

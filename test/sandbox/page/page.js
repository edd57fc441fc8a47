import { texts } from "./texts.js";

const language = navigator.language.toLowerCase().startsWith("cs") ? "cs" : "en";
const t = (key) => texts[language][key] ?? key;
document.documentElement.lang = language;
for (const each of document.querySelectorAll("[data-text]")) each.textContent = t(each.dataset.text);

let state = { links: {}, channels: [] };
let here = { channel: "", phone: "" };

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const act = async (action) => {
  const answer = await fetch("/act", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...here, action }),
  });
  if (!answer.ok) document.querySelector("#says").textContent = `${t("failed")}: ${await answer.text()}`;
};

const channelHere = () => state.channels.find(({ id }) => id === here.channel);
const phoneHere = () => channelHere()?.phones.find(({ id }) => id === here.phone);

const drawChannels = () => {
  const entries = state.channels.flatMap((channel) => [
    make("h2", { textContent: t(`channel.${channel.id}`) }),
    ...channel.phones.map((phone) =>
      make("button", {
        type: "button",
        className: channel.id === here.channel && phone.id === here.phone ? "here" : "",
        textContent: phone.name,
        onclick: () => {
          here = { channel: channel.id, phone: phone.id };
          draw();
        },
      }),
    ),
  ]);
  document.querySelector("#channels").replaceChildren(...entries);
  const links = ["desk", "shop"].map((key) =>
    make("a", { href: state.links[key] ?? "#", target: "_blank", rel: "noopener", textContent: t(key) }),
  );
  document.querySelector("#links").replaceChildren(...links);
};

const fileOf = ({ name, mimeType, url }) => {
  if (mimeType.startsWith("image/")) return make("img", { src: url, alt: name });
  if (mimeType.startsWith("audio/")) return make("audio", { src: url, controls: true });
  return make("a", { href: url, textContent: name, download: name });
};

const small = (text, onclick) => make("button", { type: "button", className: "small", textContent: text, onclick });

const lineOf = (line, offers) => {
  const own = line.from === "customer";
  const body = make("div", { className: own ? "line own" : "line" });
  if (line.kind !== undefined) body.append(make("small", { textContent: line.kind }));
  const gone = line.text === "" && line.files.length === 0;
  body.append(make("p", { textContent: gone ? t("gone") : line.text, className: gone ? "gone" : "" }));
  body.append(...line.files.map(fileOf));
  body.append(
    ...line.buttons.map((title, index) =>
      make("button", {
        type: "button",
        className: "choice",
        textContent: title,
        onclick: () => act({ do: "button", id: line.id, index }),
      }),
    ),
  );
  const foot = make("div", { className: "foot" });
  if (line.reaction !== undefined) foot.append(make("span", { textContent: line.reaction }));
  if (own && line.read) foot.append(make("span", { textContent: `✓✓ ${t("seen")}` }));
  if (!own && offers.includes("react"))
    foot.append(...["👍", "❤️"].map((emoji) => small(emoji, () => act({ do: "react", id: line.id, emoji }))));
  if (own && !gone && offers.includes("edit"))
    foot.append(
      small(t("edit"), () => {
        const text = prompt(t("newText"), line.text);
        if (text !== null && text !== "") void act({ do: "edit", id: line.id, text });
      }),
    );
  if (own && !gone && offers.includes("unsend"))
    foot.append(small(t("unsend"), () => act({ do: "unsend", id: line.id })));
  body.append(foot);
  return body;
};

const sendFile = async (input) => {
  const [file] = input.files;
  if (file === undefined) return;
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCodePoint(byte);
  input.value = "";
  await act({ do: "file", name: file.name, mimeType: file.type || "application/octet-stream", base64: btoa(binary) });
};

/** Drawn once for each phone, so that what is being typed stays. */
const drawForm = (channel) => {
  const text = make("input", {
    name: "text",
    placeholder: t("write"),
    ariaLabel: t("write"),
    autocomplete: "off",
    required: true,
  });
  const subject = make("input", {
    name: "subject",
    placeholder: t("subject"),
    ariaLabel: t("subject"),
    autocomplete: "off",
  });
  const form = make("form", {
    onsubmit: (event) => {
      event.preventDefault();
      void act({
        do: "text",
        text: text.value,
        ...(channel.id === "mail" && subject.value !== "" && { subject: subject.value }),
      });
      text.value = "";
    },
  });
  if (channel.id === "mail") form.append(subject);
  form.append(text, make("button", { type: "submit", textContent: t("send") }));
  const more = make("div", { className: "more" });
  const { offers } = channel;
  if (offers.includes("file")) {
    const picker = make("input", { type: "file", className: "hidden", ariaLabel: t("file") });
    picker.addEventListener("change", () => sendFile(picker));
    more.append(make("label", { className: "small", textContent: t("file") }, picker));
  }
  for (const simple of ["voice", "location", "read"])
    if (offers.includes(simple)) more.append(small(t(simple), () => act({ do: simple })));
  if (offers.includes("comment"))
    more.append(
      small(t("comment"), () => {
        const said = prompt(t("comment"));
        if (said !== null && said !== "") void act({ do: "comment", text: said });
      }),
    );
  return [form, more, make("p", { id: "says", role: "alert" })];
};

let drawn = "";
const drawPhone = () => {
  const channel = channelHere();
  const phone = phoneHere();
  const main = document.querySelector("#phone");
  if (channel === undefined || phone === undefined) return;
  const key = `${here.channel}/${here.phone}`;
  if (drawn !== key) {
    drawn = key;
    main.replaceChildren(
      make("h2", {}, phone.name, make("small", { textContent: ` · ${t(`channel.${channel.id}`)}` })),
      make("div", { id: "lines", role: "log", ariaLabel: phone.name }),
      ...drawForm(channel),
    );
  }
  const lines = document.querySelector("#lines");
  const bottom = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 40;
  lines.replaceChildren(
    ...(phone.lines.length === 0
      ? [make("p", { className: "gone", textContent: t("empty") })]
      : phone.lines.map((line) => lineOf(line, channel.offers))),
    ...(phone.typing ? [make("p", { className: "gone", textContent: `Linka ${t("typing")}` })] : []),
  );
  if (bottom) lines.scrollTop = lines.scrollHeight;
};

const draw = () => {
  drawChannels();
  drawPhone();
};

new EventSource("/events").addEventListener("message", ({ data }) => {
  state = JSON.parse(data);
  const [first] = state.channels;
  if (here.channel === "" && first !== undefined) here = { channel: first.id, phone: first.phones[0]?.id ?? "" };
  draw();
});

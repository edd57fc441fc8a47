import { instagramScopes, makeInstagram } from "../../fakes/graph/instagram.ts";
import { makePage, pageScopes } from "../../fakes/graph/messenger.ts";
import type { Social } from "../../fakes/graph/social.ts";
import { makeUser, type SocialUser } from "../../fakes/graph/social-user.ts";
import type { Action, OpenChannel, SandboxChannel } from "../channel.ts";
import { place, tone } from "../files.ts";

const verify = "sandbox-verify";

const phonesOf =
  (users: readonly SocialUser[]): OpenChannel["phones"] =>
  () =>
    users.map(({ person }) => ({
      id: person.id,
      name: person.name,
      typing: person.typing === true,
      lines: person.lines.map((line) => ({
        id: line.mid,
        from: line.from === "user" ? "customer" : "hub",
        text: line.removed === true ? "" : line.text,
        files: line.removed === true ? [] : line.files,
        buttons: line.buttons.map(({ title }) => title),
        read: line.read === true,
        ...(line.reaction === undefined ? {} : { reaction: line.reaction === "love" ? "❤️" : line.reaction }),
      })),
    }));

const act = async (user: SocialUser, action: Action): Promise<void> => {
  switch (action.do) {
    case "text":
      return void (await user.text(action.text).taken);
    case "file": {
      const { name, mimeType, base64, text = "" } = action;
      return void (await user.files(text, [{ name, mimeType, bytes: Buffer.from(base64, "base64") }]).taken);
    }
    case "voice":
      return void (await user.files("", [{ name: "voice.wav", mimeType: "audio/wav", bytes: tone() }]).taken);
    case "location":
      return void (await user.location(place.lat, place.lng).taken);
    case "react":
      return void (await (action.emoji === "" ? user.unreact(action.id) : user.react(action.id, action.emoji)));
    case "edit":
      return void (await user.edit(action.id, action.text));
    case "unsend":
      return void (await user.unsend(action.id));
    case "comment":
      return void (await user.comment(action.text));
    case "read":
      return void (await user.read());
    case "button": {
      const button = user.person.lines.find(({ mid }) => mid === action.id)?.buttons[action.index];
      if (button !== undefined) await user.click(button).taken;
    }
  }
};

const opened = (social: Social, people: readonly (readonly [id: string, name: string])[]): OpenChannel => {
  const users = people.map(([id, name]) => makeUser(social, social.person(name, { id })));
  return {
    phones: phonesOf(users),
    act: async (id, action) => {
      const user = users.find(({ person }) => person.id === id);
      if (user !== undefined) await act(user, action);
    },
  };
};

export const messenger: SandboxChannel = {
  id: "messenger",
  offers: ["text", "file", "voice", "location", "react", "button", "edit", "comment", "read"],
  async open({ graph, hub }) {
    const app = graph.app("900000000000001");
    const token = graph.token({ app, scopes: pageScopes });
    const social = makePage(graph, { app, id: "104000000000001", name: "Linka Sandbox" });
    const account = await hub.connect("messenger", "Sandbox Messenger", {
      pageId: social.own,
      token: token.value,
      appId: app.id,
      appSecret: app.secret,
      verify,
      apiUrl: graph.url,
      checkEveryMs: 5_000,
    });
    await graph.webhooks.subscribe(app, account.webhookUrl ?? "", verify);
    return opened(social, [
      ["6200000000000001", "Jana Nováková"],
      ["6200000000000002", "Petr Malý"],
    ]);
  },
};

export const instagram: SandboxChannel = {
  id: "instagram",
  offers: ["text", "file", "voice", "react", "button", "unsend", "comment", "read"],
  async open({ graph, hub }) {
    const app = graph.app("900000000000002");
    const token = graph.token({ app, scopes: instagramScopes });
    const social = makeInstagram(graph, {
      app,
      id: "17841400000000001",
      pageId: "104000000000002",
      name: "linka.sandbox",
    });
    const account = await hub.connect("instagram", "Sandbox Instagram", {
      accountId: social.own,
      pageId: social.node,
      token: token.value,
      appId: app.id,
      appSecret: app.secret,
      verify,
      apiUrl: graph.url,
      checkEveryMs: 5_000,
    });
    await graph.webhooks.subscribe(app, account.webhookUrl ?? "", verify);
    return opened(social, [
      ["7200000000000001", "Eva Dvořáková"],
      ["7200000000000002", "Marek Horák"],
    ]);
  },
};

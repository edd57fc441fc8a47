// What WhatsApp Web does, over one WebSocket to the test: {op} out, {ev} in. Runs between models.js and modules.js.
// __PORT__, __ACCOUNT__ and __VERSION__ are filled in by server.ts.
const port = "__PORT__";
const account = "__ACCOUNT__";
// The linked device lives in the browser's profile, as the real one does.
const saved = JSON.parse(localStorage.getItem("linked") ?? "null");
let me = saved?.pn;
let meLid = saved?.lid;
let socket;
let asked = 0;
let offlineProgress = 0;
const waiting = new Map();
const lidOf = new Map();
const phoneOf = new Map();
const mediaObjects = new Map();

const Socket = new Model({ state: "OPENING", hasSynced: false });
const Conn = new Model({ ref: undefined, platform: "android", pushname: "Support" });
const Cmd = new Emitter();

const call = (op, body = {}) =>
  new Promise((resolve, reject) => {
    const n = ++asked;
    waiting.set(n, { resolve, reject });
    socket.send(JSON.stringify({ op, n, ...body }));
  });

const newChat = (id) =>
  Object.assign(
    new Model({ id, formattedTitle: id.user, unreadCount: 0, t: 0, archive: false, mute: { expiration: 0 } }),
    { msgs: new Collection() },
  );
const Msg = new Collection();
const Chat = new Collection(newChat);
const Contact = new Collection(
  (id) => new Model({ id, type: "in", isContactBlocked: false, phoneNumber: phoneOf.get(String(id)) }),
);
const chatOf = (id) => Chat.get(id) ?? Chat.add(newChat(toWid(id)));
const mustBeConnected = () => {
  if (Socket.state !== "CONNECTED") throw new Error("not connected");
};
const fetchMedia = async (directPath) => {
  const { data } = await call("media.get", { directPath });
  return Uint8Array.from(atob(data), (char) => char.charCodeAt(0)).buffer;
};

class MsgModel extends Model {
  unsafe() {
    return this;
  }
  canReply() {
    return true;
  }
  msgContextInfo() {
    return {
      quotedMsg: { type: this.type, body: this.body },
      quotedStanzaID: this.id.id,
      quotedParticipant: this.from,
    };
  }
  async downloadMedia() {
    try {
      this.blob = await fetchMedia(this.directPath);
      this.mediaData.mediaStage = "RESOLVED";
    } catch {
      this.mediaData.mediaStage = "ERROR_NOT_FOUND";
    }
  }
}
Msg.modelClass = MsgModel;

const toMessage = ({ chat, ...data }) => {
  const fromMe = data.fromMe === true;
  const message = new MsgModel({
    ack: fromMe ? 1 : 0,
    isNewMsg: true,
    type: "chat",
    ...data,
    id: new MsgKey({ fromMe, remote: chat, id: data.id, participant: data.author }),
    from: toWid(fromMe ? me : chat),
    to: toWid(fromMe ? chat : me),
    author: toWid(data.author),
  });
  if (data.directPath) Object.assign(message, { mediaData: { mediaStage: "INIT" }, mediaObject: {} });
  return message;
};

const take = (data) => {
  if (data.lid && data.pn) {
    lidOf.set(data.pn, toWid(data.lid));
    phoneOf.set(data.lid, toWid(data.pn));
  }
  const chat = chatOf(data.chat);
  const message = toMessage(data);
  if (Msg.get(message.id)) return;
  if (data.notifyName) {
    const who = message.author ?? message.from;
    const contact = Contact.get(who) ?? Contact.add(Contact.make(who));
    contact.pushname = data.notifyName;
  }
  chat.msgs.add(message);
  chat.t = message.t;
  if (!message.id.fromMe) chat.set("unreadCount", chat.unreadCount + 1);
  Msg.add(message);
};

const synced = (ms) => setTimeout(() => Socket.set("hasSynced", true), ms);
const logOut = async () => {
  localStorage.removeItem("linked");
  Cmd.trigger("logout");
  await new Promise((resolve) => setTimeout(resolve, 100));
  location.href = "https://web.whatsapp.com/";
};

const events = {
  ref({ ref }) {
    Conn.set("ref", ref);
    Socket.set("state", "UNPAIRED");
  },
  state: ({ state }) => Socket.set("state", state),
  paired({ wid, lid, syncMs }) {
    me = wid;
    meLid = lid;
    localStorage.setItem("linked", JSON.stringify({ pn: wid, lid }));
    Socket.set("state", "PAIRING");
    Socket.set("state", "CONNECTED");
    synced(syncMs);
  },
  connected({ syncMs }) {
    Socket.set("state", "CONNECTED");
    synced(syncMs);
  },
  message: ({ msg }) => take(msg),
  decrypted({ id, patch }) {
    const message = Msg.get(id);
    Object.assign(message, patch, { type: message.type });
    message.set("type", patch.type);
  },
  ack: ({ id, ack }) => Msg.get(id)?.set("ack", ack),
  edit: ({ id, body }) => Msg.get(id)?.set("body", body),
  revoke({ id }) {
    const message = Msg.get(id);
    message.body = undefined;
    message.set("type", "revoked");
  },
  reaction({ reaction }) {
    const { chat, parent, author, ...rest } = reaction;
    void modules.WAWebAddonReactionTableMode.reactionTableMode.bulkUpsert([
      {
        ...rest,
        id: new MsgKey({ fromMe: false, remote: chat, id: reaction.id }),
        reactionParentKey: { _serialized: parent },
        author: toWid(author),
        from: toWid(chat),
      },
    ]);
  },
  incomingCall: ({ incoming }) =>
    modules.WAWebCallCollection.calls.set(incoming.id, { ...incoming, peerJid: toWid(incoming.peerJid) }),
  offline({ percent }) {
    offlineProgress = percent;
    Cmd.trigger("offline_progress_update_from_bridge");
  },
  toggleSync() {
    Socket.set("hasSynced", false);
    Socket.set("hasSynced", true);
  },
  logout: () => void logOut(),
  reload: () => location.reload(),
};

const prepare = (opaque, wanted) => ({
  async waitForPrep() {
    const bytes = await opaque.blob.arrayBuffer();
    const filehash = toBase64(await crypto.subtle.digest("SHA-256", bytes));
    const natural = /^(image|video|audio)/.exec(opaque.type)?.[1] ?? "document";
    const type = wanted.asSticker ? "sticker" : wanted.asDocument ? "document" : wanted.isPtt ? "ptt" : natural;
    mediaObjects.set(filehash, {
      filehash,
      type,
      size: bytes.byteLength,
      contentInfo: {},
      consolidate() {},
      bytes,
    });
    return new Model({
      filehash,
      type,
      mimetype: opaque.type,
      mediaBlob: opaque,
      size: bytes.byteLength,
      filename: opaque.blob.name,
      preview: undefined,
    });
  },
});

const linksIn = (text) =>
  [...String(text ?? "").matchAll(/https?:\/\/\S+/g)].map(([href]) => ({ href, suspiciousCharacters: new Set() }));

const sendMessage = (chat, data) => {
  mustBeConnected();
  const message = new MsgModel(data);
  if (data.directPath) Object.assign(message, { mediaData: { mediaStage: "RESOLVED" }, mediaObject: {} });
  chat.msgs.add(message);
  Msg.add(message);
  const { id, body, type, caption, mimetype, filename, directPath, lat, lng, loc, quotedStanzaID } = data;
  const msg = { id: id._serialized, stanza: id.id, chat: String(chat.id), t: data.t, body, type, caption };
  const sent = call("send", { msg: { ...msg, mimetype, filename, directPath, lat, lng, loc, quotedStanzaID } }).then(
    ({ error }) => {
      message.set("ack", error ? -1 : 1);
      return { messageSendResult: error ? "ERROR_UNKNOWN" : "OK" };
    },
  );
  return [Promise.resolve(message), sent];
};

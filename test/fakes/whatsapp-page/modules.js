// The modules of WhatsApp Web that whatsapp-web.js 1.34.7 asks for, over one WebSocket to the test: {op} out, {ev} in.
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

const none = () => undefined;
const contactGetters = [
  "IsMe,IsGroup,VerifiedName,VerifiedLevel,StatusMute,Name,ShortName,IsEnterprise"
    .split(",")
    .map((name) => [name, none]),
  [
    ["IsUser", () => true],
    ["IsWAContact", () => true],
    ["Userid", (contact) => contact.id.user],
    ["Pushname", (contact) => contact.pushname],
  ],
].flat();

const modules = {
  WAWebSocketModel: {
    Socket: Object.assign(Socket, {
      async logout() {
        await call("logout").catch(none);
        await logOut();
      },
      takeover: () => call("takeover"),
      reconnect: () => connect(),
    }),
  },
  WAWebCmd: {
    Cmd: Object.assign(Cmd, {
      refreshQR: () => call("refreshQR"),
      async sendRevokeMsgs(_chat, { list }) {
        for (const message of list) {
          await call("revoke", { id: message.id._serialized });
          message.set("type", "revoked");
        }
      },
      sendDeleteMsgs: async (_chat, { list }) => list.forEach((message) => Msg.remove(message)),
    }),
  },
  WAWebConnModel: { Conn },
  WAWebOfflineHandler: { OfflineMessageHandler: { getOfflineDeliveryProgress: () => offlineProgress } },
  WAWebAltDeviceLinkingApi: {
    setPairingType: none,
    initializeAltDeviceLinking: async () => {},
    startAltLinkingFlow: async (phone) => (await call("pairingCode", { phone })).code,
    initializeQRLinking: async () => {},
  },
  WABase64: { encodeB64: toBase64 },
  WAWebCompanionRegClientUtils: { DEVICE_PLATFORM: "1" },
  WAWebAdvSignatureApi: {},
  WAWebUserPrefsInfoStore: { waNoiseInfo: { get: async () => ({ staticKeyPair: { pubKey: new Uint8Array(32) } }) } },
  WAWebSignalStoreApi: {
    waSignalStore: { getRegistrationInfo: async () => ({ identityKeyPair: { pubKey: new Uint8Array(32) } }) },
  },
  WAWebUserPrefsMultiDevice: { getADVSecretKey: () => "ADVSECRET" },
  WAWebMiscBrowserUtils: { info: () => ({ os: "Linux", name: "Chrome" }) },
  WAWebLaunchSocketUtils: { refreshQR: () => call("refreshQR") },
  WAWebUserPrefsMeUser: { getMaybeMePnUser: () => toWid(me), getMaybeMeLidUser: () => toWid(meLid) },
  WAWebCollections: {
    Msg,
    Chat,
    Contact,
    Blocklist: new Collection(),
    BusinessProfile: new Collection(),
    WAWebNewsletterCollection: new Collection(),
    GroupMetadata: { update: async () => {} },
  },
  WAWebSyncGatingUtils: { isPlaceholderMessageResendEnabled: () => false },
  WAWebCallCollection: Object.assign(new Emitter(), { calls: new Map() }),
  WAWebNonMessageDataRequestPlaceholderMessageResendUtils: {
    handlePlaceholderMsgsSeen: (list) => call("resend", { ids: list.map((message) => message.id._serialized) }),
  },
  WAWebBackendJobsCommon: { mediaTypeFromProtobuf: () => null },
  WAWebE2EProtoUtils: { typeAttributeFromProtobuf: () => "text" },
  WAWebAddonReactionTableMode: { reactionTableMode: { bulkUpsert: async () => {} } },
  WAWebAddonPollVoteTableMode: { pollVoteTableMode: { bulkUpsert: async () => {} } },
  WALinkify: { findLinks: linksIn, findLink: (text) => linksIn(text)[0] },
  WAWebLinkPreviewChatAction: { getLinkPreview: async () => null },
  WAWebWidFactory: { createWid: toWid, createWidFromWidLike: toWid, asUserWidOrThrow: toWid },
  WAWebMsgKey: MsgKey,
  WAWebChatGetters: { getIsNewsletter: () => false, getIsBroadcast: (chat) => chat.id.server === "broadcast" },
  WAWebFindChatAction: {
    async findOrCreateLatestChat(id) {
      mustBeConnected();
      const { exists } = await call("exists", { wid: String(id) });
      if (!exists) throw new Error("No LID for user");
      return { chat: chatOf(id) };
    },
  },
  WAWebStreamModel: { Stream: { markAvailable: none, markUnavailable: none } },
  WAWebUpdateUnreadChatAction: {
    async sendSeen({ chat }) {
      await call("seen", { chat: String(chat.id) });
      chat.set("unreadCount", 0);
    },
  },
  WAWebGetEphemeralFieldsMsgActionsUtils: { getEphemeralFields: () => ({}) },
  WAWebSendMsgChatAction: { addAndSendMsgToChat: sendMessage },
  WAWebMsgReply: { canReplyMsg: () => true },
  WAWebQuotedMsgModelUtils: {
    getQuotedMsgObj: (message) => Msg.getModelsArray().find(({ id }) => id.id === message.quotedStanzaID),
  },
  WAWebSendReactionMsgAction: {
    sendReactionToMsg: (message, reaction) => call("react", { id: message.id._serialized, reaction }),
  },
  WAWebSendMessageEditAction: {
    async sendMessageEdit(message, body) {
      await call("edit", { id: message.id._serialized, body });
      message.set("body", body);
    },
  },
  WAWebMsgActionCapability: {
    canSenderRevokeMsg: (message) => message.id.fromMe,
    canAdminRevokeMsg: () => false,
    canEditText: (message) => message.id.fromMe && message.type === "chat",
    canEditCaption: () => false,
  },
  WAWebChatStateBridge: {
    sendChatStateComposing: (wid) => call("chatstate", { chat: String(wid), state: "typing" }),
    sendChatStatePaused: (wid) => call("chatstate", { chat: String(wid), state: "paused" }),
  },
  WAWebMediaOpaqueData: OpaqueData,
  WAWebPrepRawMedia: { prepRawMedia: prepare },
  WAWebMediaStorage: { getOrCreateMediaObject: (filehash) => mediaObjects.get(filehash) },
  WAWebMmsMediaTypes: { msgToMediaType: ({ type }) => type, castToV4: (type) => type },
  WAWebMediaDataUtils: { shouldUseMediaCache: () => false },
  WAWebMediaInMemoryBlobCache: { InMemoryMediaBlobCache: { put: none } },
  WAWebMediaMmsV4Upload: {
    async uploadMedia({ mediaObject, mimetype }) {
      const { url, directPath } = await call("media.put", { data: toBase64(mediaObject.bytes), mimetype });
      return { mediaEntry: { mmsUrl: url, directPath, mediaKey: "k", encFilehash: "e", uploadHash: "u" } };
    },
  },
  WAWebDownloadManager: {
    downloadManager: { downloadAndMaybeDecrypt: ({ directPath }) => fetchMedia(directPath) },
  },
  WAWebQueryExistsJob: {
    async queryWidExists(wid) {
      const { exists, lid, pn } = await call("exists", { wid: String(wid) });
      if (!exists) return null;
      if (lid) {
        lidOf.set(pn, toWid(lid));
        phoneOf.set(lid, toWid(pn));
      }
      return { wid };
    },
  },
  WAWebApiContact: {
    getCurrentLid: (wid) => lidOf.get(String(wid)),
    getPhoneNumber: (wid) => phoneOf.get(String(wid)),
    getAlternateUserWid: (wid) => lidOf.get(String(wid)) ?? phoneOf.get(String(wid)),
  },
  WAWebContactGetters: Object.fromEntries(contactGetters.map(([name, get]) => [`get${name}`, get])),
  WAWebFrontendContactGetters: { getIsMyContact: () => false },
  WAWebChatLoadMessages: { loadEarlierMsgs: async () => [] },
  WAWebVcardParsingUtils: { parseVcard: (text) => ({ fn: /FN:(.*)/.exec(text)?.[1] }) },
  WAWebVcardGetNameFromParsed: { vcardGetNameFromParsed: ({ fn }) => fn },
};

window.__missing = [];
window.require = (name) => {
  if (name in modules) return modules[name];
  window.__missing.push(name);
  throw new Error(`Requiring unknown module "${name}"`);
};

const connect = () => {
  socket = new WebSocket(`ws://127.0.0.1:${port}/?account=${account}&me=${encodeURIComponent(me ?? "")}`);
  socket.addEventListener("message", ({ data }) => {
    const told = JSON.parse(data);
    if (told.n === undefined) return events[told.ev]?.(told);
    const answer = waiting.get(told.n);
    waiting.delete(told.n);
    if (told.throw) answer?.reject(new Error(told.throw));
    else answer?.resolve(told);
  });
  socket.addEventListener("close", () => {
    for (const { reject } of waiting.values()) reject(new Error("socket closed"));
    waiting.clear();
    if (Socket.state === "CONNECTED") Socket.set("state", "TIMEOUT");
    setTimeout(connect, 200);
  });
};
connect();
window.Debug = { VERSION: "__VERSION__" };

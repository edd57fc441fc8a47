// The modules of WhatsApp Web that whatsapp-web.js 1.34.7 asks for. Runs last.
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

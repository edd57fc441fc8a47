// The data model of WhatsApp Web as far as whatsapp-web.js 1.34.7 reads it. Runs in the page, before modules.js.
class Emitter {
  constructor() {
    Object.defineProperty(this, "handlers", { value: {}, enumerable: false });
  }
  on(names, handler) {
    for (const name of names.split(" ")) (this.handlers[name] ??= []).push(handler);
    return this;
  }
  once(names, handler) {
    const first = (...args) => {
      this.off(names, first);
      handler(...args);
    };
    return this.on(names, first);
  }
  off(names, handler) {
    for (const name of names.split(" "))
      this.handlers[name] = (this.handlers[name] ?? []).filter((each) => each !== handler);
    return this;
  }
  trigger(name, ...args) {
    for (const handler of this.handlers[name] ?? []) handler(...args);
  }
}

class Wid {
  constructor(source) {
    const [user, server] = String(source?._serialized ?? source).split("@");
    this.user = user;
    this.server = server;
    this._serialized = `${user}@${server}`;
  }
  isLid() {
    return this.server === "lid";
  }
  isGroup() {
    return this.server === "g.us";
  }
  isUser() {
    return this.server === "c.us" || this.server === "lid";
  }
  isStatus() {
    return this._serialized === "status@broadcast";
  }
  toJid() {
    return this._serialized;
  }
  toString() {
    return this._serialized;
  }
}
const toWid = (source) => (source instanceof Wid ? source : source == null ? undefined : new Wid(source));

class MsgKey {
  constructor({ to, id, participant, selfDir, fromMe, remote }) {
    this.fromMe = fromMe ?? selfDir === "out";
    this.remote = toWid(remote ?? to);
    this.id = id;
    if (participant) this.participant = toWid(participant);
    this._serialized = `${this.fromMe}_${this.remote}_${id}${participant ? `_${toWid(participant)}` : ""}`;
  }
  static async newId() {
    const random = crypto.getRandomValues(new Uint8Array(9));
    return `3EB0${[...random].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`.toUpperCase();
  }
  toString() {
    return this._serialized;
  }
}

const notSerialized = new Set(["collection", "msgs", "mediaObject", "mediaData", "groupMetadata", "blob"]);

class Model extends Emitter {
  constructor(attributes) {
    super();
    Object.assign(this, attributes);
  }
  set(key, value) {
    for (const [name, next] of Object.entries(typeof key === "object" ? key : { [key]: value })) {
      const before = this[name];
      if (before === next) continue;
      this[name] = next;
      this.trigger(`change:${name}`, this, next, before);
      this.trigger("change", this);
      this.collection?.trigger(`change:${name}`, this, next, before);
      this.collection?.trigger("change", this);
    }
    return this;
  }
  serialize() {
    return Object.fromEntries(
      Object.entries(this).filter(([key, value]) => !notSerialized.has(key) && typeof value !== "function"),
    );
  }
  toJSON() {
    return this.serialize();
  }
}

class Collection extends Emitter {
  constructor(make) {
    super();
    this.models = new Map();
    this.make = make;
  }
  get(id) {
    return this.models.get(String(id?._serialized ?? id));
  }
  getModelsArray() {
    return [...this.models.values()];
  }
  add(model) {
    Object.defineProperty(model, "collection", { value: this, enumerable: false, configurable: true });
    this.models.set(String(model.id._serialized ?? model.id), model);
    this.trigger("add", model);
    return model;
  }
  remove(model) {
    this.models.delete(String(model.id._serialized));
    this.trigger("remove", model);
  }
  async find(id) {
    return this.get(id) ?? (this.make ? this.add(this.make(toWid(id))) : undefined);
  }
  async getMessagesById(ids) {
    return { messages: ids.map((id) => this.get(id)).filter(Boolean) };
  }
}

const toBase64 = (buffer) => {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
  return btoa(text);
};

class OpaqueData {
  constructor(blob, type) {
    this.blob = blob;
    this.type = type;
  }
  static async createFromData(blob, type) {
    return new OpaqueData(blob instanceof OpaqueData ? blob.blob : blob, type);
  }
  url() {
    return "blob:x";
  }
  autorelease() {}
  formData() {
    return this.blob;
  }
}

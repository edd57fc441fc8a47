export * from "./api.ts";
export * from "./content.ts";
export * from "./desk.ts";
export * from "./fill.ts";
export * from "./outgoing.ts";
export * from "./phone.ts";
export * from "./views.ts";

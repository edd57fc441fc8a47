export * from "./api.ts";
export * from "./desk.ts";
export * from "./phone.ts";
export * from "./views.ts";

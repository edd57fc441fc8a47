import { expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import { type asks, isAsk } from "../../../connectors/chat/parse.ts";
import type { FormField, WidgetLine, WidgetLook } from "../../../connectors/chat/view.ts";
import type * as widget from "../../../src/web/visitor/app/protocol.ts";

type Taken<E extends keyof typeof asks> = z.input<(typeof asks)[E]>;
/** What the widget sends, with properties made writable and optional ones allowed to be undefined, as zod says it. */
type Loose<T> = T extends readonly (infer U)[] ? U[] : T extends object ? { -readonly [K in keyof T]: T[K] } : T;

it("the widget asks only what the channel understands, in the channel's shapes", () => {
  expectTypeOf<keyof widget.Asked>().toEqualTypeOf<keyof typeof asks>();
  expectTypeOf<Loose<widget.Asked["send"]>>().toExtend<Taken<"send">>();
  expectTypeOf<Loose<widget.Asked["form"]>>().toExtend<Taken<"form">>();
  expectTypeOf<Loose<widget.Asked["read"]>>().toExtend<Taken<"read">>();
  expectTypeOf<Loose<widget.Asked["typing"]>>().toExtend<Taken<"typing">>();
  expectTypeOf<Omit<Loose<widget.Asked["hello"]>, "identity">>().toExtend<Omit<Taken<"hello">, "identity">>();
  expect(["hello", "form", "send", "after", "before", "typing", "got", "read", "logout"].every(isAsk)).toBe(true);
});

it("what the channel shows is what the widget draws", () => {
  expectTypeOf<WidgetLine>().toExtend<widget.WireLine>();
  expectTypeOf<widget.WireLine>().toExtend<WidgetLine>();
  expectTypeOf<WidgetLook>().toExtend<widget.Look>();
  expectTypeOf<widget.Answered["hello"]["look"]>().toEqualTypeOf<widget.Look>();
  expectTypeOf<keyof widget.Look>().toEqualTypeOf<keyof WidgetLook>();
  expectTypeOf<FormField>().toEqualTypeOf<widget.FormField>();
});

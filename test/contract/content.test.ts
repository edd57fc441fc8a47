import { expectTypeOf, expect, test } from "vitest";
import type { z } from "zod";
import type { Content, Template } from "#contract";
import { content, type ContentView, type contentType, type TemplateView } from "#wire";

test("what a desk may send is exactly what a channel may be asked to send", () => {
  expectTypeOf<ContentView>().toExtend<Content>();
  expectTypeOf<Content>().toExtend<ContentView>();
  expectTypeOf<z.output<typeof contentType>>().toEqualTypeOf<Content["type"]>();
  const place = { type: "location", lat: 50, lng: 14, name: "Praha" } as const;
  expect(content.parse(place)).toEqual(place);
  expect(content.safeParse({ ...place, lat: 91 }).success).toBe(false);
});

test("what a desk is told of a template is what its provider listed", () => {
  expectTypeOf<Template>().toExtend<Omit<TemplateView, "buttons" | "variables">>();
  expectTypeOf<Template["variables"][number]>().toExtend<TemplateView["variables"][number]>();
});

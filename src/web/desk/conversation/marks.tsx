import type { ReactNode } from "react";
import type { MessageView } from "#wire";
import { useWords } from "../context.ts";

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** Where on a social network something was said, in a line of small print: a story, a comment, another app's turn. */
export const Marks = ({ message }: { message: MessageView }): ReactNode => {
  const { t, maybe } = useWords();
  const { story, comment, shared, standby } = message.detail;
  const says = [
    ...(story === undefined ? [] : [t(fields(story)["mention"] === true ? "card.storyMention" : "card.storyReply")]),
    ...(comment === undefined ? [] : [t(fields(comment)["on"] === "live" ? "card.commentLive" : "card.comment")]),
    ...(shared === undefined ? [] : [maybe(`card.shared.${String(fields(shared)["type"])}`, t("card.shared"))]),
    ...(standby === true ? [t("card.standby")] : []),
  ];
  return says.map((line) => (
    <p key={line} className="card-mark">
      {line}
    </p>
  ));
};

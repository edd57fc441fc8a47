/** One range of bytes, as players ask; anything else is answered with the whole file. */
export const rangeOf = (
  header: string | undefined,
  size: number,
): { start: number; end: number } | "unsatisfiable" | null => {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === "" && to === "") return null;
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  return start > end || start >= size ? "unsatisfiable" : { start, end };
};

/** A reader who closes the tab half way is nobody's fault. */
export const unlessGone = async (sending: Promise<void>): Promise<void> => {
  try {
    await sending;
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ERR_STREAM_PREMATURE_CLOSE")) throw thrown;
  }
};

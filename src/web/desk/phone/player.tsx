import { useEffect, useRef, useState, type ReactNode } from "react";
import type { RecordingView } from "#wire";
import { Button, Hint } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import { explain } from "../actions.ts";
import { useDesk, useWords } from "../context.ts";
import { lasted } from "./words.ts";

const speeds = [1, 1.5, 2] as const;
const height = 56;

/** One path for a side of the waveform: the customer above the middle line, the agent below it. */
const path = (bars: readonly number[], up: boolean): string =>
  bars
    .map((bar, at) => {
      const middle = height / 2;
      const reach = Math.max(0.5, (bar / 255) * (middle - 2));
      return `M${at + 0.5} ${middle}V${(up ? middle - reach : middle + reach).toFixed(1)}`;
    })
    .join("");

/** A recording with its shape. Nothing is fetched before somebody asks for it: each look is written to the audit. */
export const Player = ({ id }: { id: string }): ReactNode => {
  const { t } = useWords();
  const { api } = useDesk();
  const [shape, setShape] = useState<RecordingView | null>(null);
  if (shape === null)
    return (
      <p className="player-load">
        <Button
          icon="play"
          onClick={() => void api.get<RecordingView>(`/api/recordings/${id}`).then(setShape, explain)}
        >
          {t("phone.player.load")}
        </Button>
        <span className="muted">{t("phone.player.audited")}</span>
      </p>
    );
  return <Shape id={id} shape={shape} />;
};

const Shape = ({ id, shape }: { id: string; shape: RecordingView }): ReactNode => {
  const { t } = useWords();
  const audio = useRef<HTMLAudioElement>(null);
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<(typeof speeds)[number]>(1);
  useEffect(() => {
    if (audio.current !== null) audio.current.playbackRate = speed;
  }, [speed]);
  const seek = (ms: number): void => {
    if (audio.current !== null) audio.current.currentTime = ms / 1_000;
    setAt(ms);
  };
  const toggle = (): void => {
    if (playing) audio.current?.pause();
    else audio.current?.play().catch(explain);
  };
  const width = shape.left.length;
  const place = (ms: number): number => (shape.ms === 0 ? 0 : (ms / shape.ms) * width);
  return (
    <div className="player">
      {/* The sound of a call has no captions; its text, when there is one, is the transcript beside it. */}
      <audio
        ref={audio}
        src={`/api/recordings/${id}/audio`}
        preload="none"
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime * 1_000)}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => seek(0)}
      />
      <Hint text={t(playing ? "phone.player.pause" : "phone.player.play")}>
        <button
          type="button"
          className="call-button"
          aria-label={t(playing ? "phone.player.pause" : "phone.player.play")}
          onClick={toggle}
        >
          <Icon name={playing ? "pause" : "play"} size={18} />
        </button>
      </Hint>
      <div className="player-wave">
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
          {shape.pauses.map(({ fromMs, toMs }) => (
            <rect
              key={fromMs}
              className="player-pause"
              x={place(fromMs)}
              y={0}
              width={Math.max(1, place(toMs) - place(fromMs))}
              height={height}
            />
          ))}
          <path className="player-customer" d={path(shape.left, true)} />
          <path className="player-agent" d={path(shape.right, false)} />
          <line className="player-at" x1={place(at)} x2={place(at)} y1={0} y2={height} />
        </svg>
        <input
          type="range"
          className="player-seek"
          min={0}
          max={shape.ms}
          step={1_000}
          value={at}
          aria-label={t("phone.player.position")}
          aria-valuetext={lasted(at)}
          onChange={(event) => seek(Number(event.target.value))}
        />
      </div>
      <span className="player-time">
        {lasted(at)} / {lasted(shape.ms)}
      </span>
      <label className="player-speed">
        <span className="hidden">{t("phone.player.speed")}</span>
        <select
          value={speed}
          onChange={(event) => setSpeed(speeds.find((one) => String(one) === event.target.value) ?? 1)}
        >
          {speeds.map((one) => (
            <option key={one} value={one}>
              {one}×
            </option>
          ))}
        </select>
      </label>
      <span className="player-legend">
        <span className="player-customer-mark">{t("phone.player.customer")}</span>
        <span className="player-agent-mark">{t("phone.player.agent")}</span>
      </span>
    </div>
  );
};

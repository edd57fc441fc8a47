import { generate } from "lean-qr";
import { useEffect, useRef, type ReactNode } from "react";

/** Black on white in every theme: cameras read nothing else as well. */
const QrCode = ({ text, label }: { text: string; label: string }): ReactNode => {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current !== null) generate(text).toCanvas(canvas.current, { pad: 0 });
  }, [text]);
  return (
    <div className="link-qr">
      <canvas ref={canvas} role="img" aria-label={label} />
    </div>
  );
};
export default QrCode;

interface Bound {
  readonly name: string;
  readonly value: number;
  /** "truth" must hold on every machine and in a quick run; "speed" is judged by a full run. */
  readonly kind: "truth" | "speed";
}

type Target = Bound &
  (
    | { readonly atLeast: number; readonly atMost?: undefined }
    | { readonly atMost: number; readonly atLeast?: undefined }
  );

interface WorkloadResult {
  /** Units stand in the key: perSec64, p99Ms64, rssMb. */
  readonly figures: Readonly<Record<string, number>>;
  readonly targets: readonly Target[];
}

export type Workload = (input: {
  readonly quick: boolean;
  readonly say: (line: string) => void;
}) => Promise<WorkloadResult>;

interface Lock {
  readonly packages: Readonly<Record<string, unknown>>;
}
export function missingPlatforms(lock: Lock): readonly (readonly [path: string, entry: unknown])[];

import type { Json } from "./object.ts";
import { applyMergePatch } from "./patch.ts";

export function applyStrategicMerge(current: Json, patch: Json): Json {
  return applyMergePatch(current, patch);
}

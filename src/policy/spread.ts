import { assert } from "../core/assert.ts";
import { hash32, type Random } from "../core/random.ts";

/**
 * An object's own place within the poll interval: H(clusterId, namespace, name) mod interval, in [0, intervalMs).
 * Stable for the object's life, so a restart moves nothing, and even over a fleet, so its polls never align.
 */
export function hashedPhaseMs(
  clusterId: string,
  namespace: string,
  name: string,
  intervalMs: number,
): number {
  assert(intervalMs > 0, "a poll interval is longer than nothing");
  // A line feed occurs in none of the three, so no two objects share a text.
  return hash32(`${clusterId}\n${namespace}\n${name}`) % intervalMs;
}

/** The delay before an object is considered when `jitterSeconds` is set: uniform in [0, jitterSeconds], in ms. */
export function jitterDelayMs(jitterSeconds: number, random: Random): number {
  return jitterSeconds <= 0 ? 0 : random.next() * jitterSeconds * 1_000;
}

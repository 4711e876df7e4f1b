import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

/** A source of chance as a parameter: with one seed a run repeats exactly. Not for keys or tokens. */
export interface Random {
  /** A number in [0, 1) with 32 random bits. */
  next(): number;
  /** An independent source that depends on this one's seed and on `label` alone, not on how often `next` ran. */
  fork(label: string): Random;
}

/** A source that depends on `seed` (any integer) alone. */
export function seededRandom(seed: number): Random {
  const generator: RandomGenerator = xoroshiro128plus(seed | 0);
  return {
    next: () => (generator.next() >>> 0) / 2 ** 32,
    fork: (label) => seededRandom(hash32(label, seed)),
  };
}

/** A source with a seed from the operating system. */
export function systemRandom(): Random {
  return seededRandom(crypto.getRandomValues(new Int32Array(1))[0]!);
}

/** A well-mixed 32-bit hash of `text`: FNV-1a, then the finaliser of MurmurHash3. Not for secrets. */
export function hash32(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

import type { Random } from "../core/random.ts";

/** 32 lower-case hexadecimal digits: the form of a version id. */
export function hex32(random: Random): string {
  return word(random) + word(random) + word(random) + word(random);
}

/** A GUID of version 4: the form of request and correlation ids. */
export function guid(random: Random): string {
  const second = word(random);
  const third = word(random);
  return `${word(random)}-${second.slice(0, 4)}-4${second.slice(5)}-8${third.slice(1, 4)}-${third.slice(4)}${word(random)}`;
}

function word(random: Random): string {
  return Math.floor(random.next() * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}

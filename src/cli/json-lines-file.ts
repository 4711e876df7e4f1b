import { closeSync, openSync, writeSync } from "node:fs";
import type { Clock, Timer } from "../core/clock.ts";
import { messageOf, systemCodeOf, UserError } from "../core/errors.ts";

/** A file of JSON lines to append to. Disposing it writes what is left and closes it. */
export interface JsonLinesFile extends Disposable {
  append(record: object): void;
}

const chunkLength = 64 * 1024;
const flushIntervalMs = 200;

/**
 * Opens `path`, readable by this user alone. Lines are written in chunks, the last one at most 0.2 s late. When the
 * disk fails later, `onFailure` is told once and lines are dropped: what is logged goes on. Throws a {@link UserError}.
 */
export function openJsonLinesFile(
  path: string,
  flag: string,
  clock: Clock,
  onFailure: (message: string) => void,
): JsonLinesFile {
  let descriptor: number | undefined = open(path, flag);
  let pending = "";
  let timer: Timer | undefined;
  const flush = () => {
    timer?.[Symbol.dispose]();
    timer = undefined;
    if (descriptor === undefined || pending === "") return;
    try {
      writeSync(descriptor, pending);
    } catch (error) {
      closeSync(descriptor);
      descriptor = undefined;
      onFailure(`${flag}: ${path} could not be written any further: ${messageOf(error)}`);
    }
    pending = "";
  };
  return {
    append(record) {
      if (descriptor === undefined) return;
      pending += `${JSON.stringify(record)}\n`;
      if (pending.length >= chunkLength) flush();
      else timer ??= clock.setTimer(flushIntervalMs, flush);
    },
    [Symbol.dispose]() {
      flush();
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

function open(path: string, flag: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (error) {
    const reason = systemCodeOf(error) === "ENOENT" ? "its folder does not exist" : messageOf(error);
    throw new UserError(`${flag}: cannot write ${path}: ${reason}.`, "Give another file.", { cause: error });
  }
}

import { pino, stdTimeFunctions, type LevelWithSilent } from "pino";

/**
 * Structured log: `message` is constant text, what varies goes into `fields`. Never a secret value, token or assertion.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Drops everything. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** One JSON line an entry to `write`, at `level` and above. */
export function jsonLogger(write: (line: string) => void, level: LevelWithSilent = "info"): Logger {
  const log = pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, { write });
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  };
}

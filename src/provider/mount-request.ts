import type { VaultRequest } from "../vault/vault-request.ts";
import { describeKind } from "./describe.ts";
import type { MountRequest } from "./gen/service.ts";

/** Why objects are fetched, most urgent first. */
const lanes = ["new", "forced", "rotated", "routine"] as const satisfies readonly VaultRequest["lane"][];

export type Lane = (typeof lanes)[number];

/** The outer layer of a Mount: what is JSON is parsed, what is inside is not looked at yet. */
export interface MountEnvelope {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly fileMode: number;
  readonly lane: Lane;
}

export type ParsedEnvelope =
  | { readonly kind: "valid"; readonly envelope: MountEnvelope }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

/** Reads the JSON fields; problems never quote them, for they hold tokens and passwords. */
export function parseEnvelope(request: MountRequest): ParsedEnvelope {
  const problems: string[] = [];
  const attributes = parseRecord(request.attributes, "attributes", problems);
  const secrets = request.secrets === "" ? {} : parseRecord(request.secrets, "secrets", problems);
  const fileMode = parseMode(request.permission, problems);
  const lane = request.lane === "" ? "routine" : lanes.find((known) => known === request.lane);
  if (request.requestedPaths.length > requestedPathsLimit) {
    problems.push(
      `requested_paths has ${request.requestedPaths.length} paths, at most ${requestedPathsLimit} are allowed`,
    );
  }
  if (lane === undefined) problems.push(`lane must be one of ${lanes.join(", ")}`);
  if (attributes === undefined || secrets === undefined || lane === undefined || problems.length > 0) {
    return { kind: "invalid", problems };
  }
  return { kind: "valid", envelope: { attributes, secrets, fileMode, lane } };
}

/** More than a Secret of 1 MiB can have keys of any use. */
const requestedPathsLimit = 10_000;

function parseRecord(text: string, name: string, problems: string[]): Record<string, unknown> | undefined {
  const prefix = `failed to unmarshal ${name}, error:`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    problems.push(
      `${prefix} ${name} must be a JSON object of texts, got ${text.length} characters that are not JSON`,
    );
    return undefined;
  }
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    problems.push(`${prefix} ${name} must be a JSON object of texts, got ${describeKind(value)}`);
    return undefined;
  }
  return value as Record<string, unknown>;
}

const defaultMode = 0o644;

function parseMode(text: string, problems: string[]): number {
  if (text === "") return defaultMode;
  const mode = /^[0-9]{1,5}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (mode <= 0o7777) return mode;
  problems.push(
    "failed to unmarshal file permission, error: permission must be a file mode as a decimal number, such as 420 for 0644",
  );
  return defaultMode;
}

import { Metadata } from "@grpc/grpc-js";
import { ProviderCallError } from "./provider-call-error.ts";

/** The fields of an error class that gRPC's status has no room for; clients that do not know them skip them. */
export interface ErrorFields {
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
}

const codeKey = "keyweir-code";
const retryableKey = "keyweir-retryable";
const retryAfterKey = "keyweir-retry-after-ms";

/** Puts the fields of `error` into trailing metadata. */
export function writeErrorMetadata(error: ProviderCallError): Metadata {
  const metadata = new Metadata();
  metadata.set(codeKey, error.code);
  metadata.set(retryableKey, String(error.retryable));
  if (error.retryAfterMs !== undefined) metadata.set(retryAfterKey, String(Math.ceil(error.retryAfterMs)));
  return metadata;
}

/** Reads what {@link writeErrorMetadata} wrote; undefined when the other side is not Keyweir. */
export function readErrorMetadata(metadata: Metadata): ErrorFields | undefined {
  const code = metadata.get(codeKey)[0];
  if (code === undefined) return undefined;
  const retryAfterMs = Number(metadata.get(retryAfterKey)[0] ?? Number.NaN);
  return {
    code: code.toString(),
    retryable: metadata.get(retryableKey)[0]?.toString() === "true",
    retryAfterMs: Number.isFinite(retryAfterMs) ? retryAfterMs : undefined,
  };
}

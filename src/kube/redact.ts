import { KubeError } from "./kube-error.ts";
import type { StatusDetails } from "./objects.ts";

/**
 * The error without any value of the request's own `data`. An API server that cannot decode a patch repeats all of it
 * in its message (checked on 1.36 for a Secret with bad base64); a secret must not travel on in an error.
 */
export function withoutEchoes(error: KubeError, requestBody: string | undefined): KubeError {
  if (requestBody === undefined || !requestBody.includes('"data"')) return error;
  const values = secretStrings(requestBody);
  if (values.length === 0) return error;
  const clean = (text: string) => values.reduce((rest, value) => rest.replaceAll(value, "<redacted>"), text);
  const { details, retryAfterMs } = error;
  return new KubeError(clean(error.message), {
    code: error.code,
    status: error.status,
    reason: error.reason,
    ...(details === undefined
      ? {}
      : { details: JSON.parse(clean(JSON.stringify(details))) as StatusDetails }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Longest first, so that no value leaves a rest of another one that contains it. */
function secretStrings(requestBody: string): string[] {
  const { data, stringData } = JSON.parse(requestBody) as Record<string, unknown>;
  const values = [data, stringData].flatMap((map) =>
    typeof map === "object" && map !== null ? Object.values(map) : [],
  );
  const texts = values.filter((value): value is string => typeof value === "string" && value !== "");
  const decoded = texts.map((text) => Buffer.from(text, "base64").toString("utf8"));
  return [...texts, ...decoded]
    .filter((text) => text.length >= 4)
    .sort((left, right) => right.length - left.length);
}

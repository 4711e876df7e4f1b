import { KubeError } from "./kube-error.ts";
import type { StatusCause, StatusDetails } from "./objects.ts";

/**
 * The error of a write without anything that may be a secret. An API server that cannot decode the result of a patch
 * repeats all of it, with what was stored before (checked on 1.36 for a Secret with bad base64): only the reason at
 * its end is kept. Elsewhere every value of the request's own `data` is blanked.
 */
export function withoutEchoes(error: KubeError, requestBody: string | undefined): KubeError {
  if (requestBody === undefined) return error;
  const echo = error.causes.find(({ field }) => field === "patch");
  if (echo !== undefined) return withoutPatchedObject(error, echo);
  const values = secretStrings(requestBody);
  if (values.length === 0) return error;
  const clean = (text: string) => values.reduce((rest, value) => rest.replaceAll(value, "<redacted>"), text);
  const details = error.details && (JSON.parse(clean(JSON.stringify(error.details))) as StatusDetails);
  return copyOf(error, clean(error.message), details);
}

function withoutPatchedObject(error: KubeError, echo: StatusCause): KubeError {
  const text = echo.message ?? "";
  const reason = text.slice(text.lastIndexOf('": ') + 3);
  const message = `the API server cannot read the patched object: ${text.includes('": ') ? reason : "no reason given"}`;
  return copyOf(error, message, { ...error.details, causes: [{ ...echo, message }] });
}

function copyOf(error: KubeError, message: string, details: StatusDetails | undefined): KubeError {
  const { code, status, reason, retryAfterMs } = error;
  return new KubeError(message, {
    code,
    status,
    reason,
    ...(details === undefined ? {} : { details }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The values under `data` and `stringData`, plain and decoded; longest first, so that none leaves a rest of another. */
function secretStrings(requestBody: string): string[] {
  if (!/"(stringData|data)"/.test(requestBody)) return [];
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

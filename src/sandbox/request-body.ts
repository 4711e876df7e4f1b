import { isJsonObject, type Json, type JsonObject } from "./object.ts";
import { decodeProtobuf } from "./protobuf-body.ts";
import { badRequest, StatusError, unsupportedMediaType } from "./status-error.ts";

/** The largest body that the real server takes. */
const bodyLimitBytes = 3 * 1024 * 1024;

/** Reads a request's JSON, undefined when it is empty. Throws 400, 413 or 415; never repeats the body. */
export async function readBody(request: Request): Promise<Json | undefined> {
  if (mediaType(request) === "application/vnd.kubernetes.protobuf") {
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.length > bodyLimitBytes) throw tooLarge();
    return bytes.length === 0 ? undefined : decodeProtobuf(bytes);
  }
  const text = await request.text();
  if (text.length > bodyLimitBytes) throw tooLarge();
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw badRequest("the body of the request is not valid JSON");
  }
}

const objectTypes = new Set(["", "application/json", "application/vnd.kubernetes.protobuf"]);

/** Reads an object to create or to put. */
export async function readObject(request: Request): Promise<JsonObject> {
  const contentType = mediaType(request);
  if (!objectTypes.has(contentType)) {
    throw unsupportedMediaType(
      `the body of the request was in an unknown format (${contentType.slice(0, 80)}) - accepted media types include: application/json, application/vnd.kubernetes.protobuf`,
    );
  }
  const body = await readBody(request);
  if (body === null) return {};
  if (!isJsonObject(body)) throw badRequest("the body of the request must be a JSON object");
  return body;
}

/** `application/merge-patch+json` of `application/merge-patch+json; charset=utf-8`. */
export function mediaType(request: Request): string {
  const header = request.headers.get("content-type") ?? "";
  const end = header.indexOf(";");
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
}

function tooLarge(): StatusError {
  return new StatusError(
    413,
    "RequestEntityTooLarge",
    `Request entity too large: limit is ${bodyLimitBytes}`,
  );
}

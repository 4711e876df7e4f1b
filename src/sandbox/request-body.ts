import { isJsonObject, type Json, type JsonObject } from "./object.ts";
import { decodeProtobuf } from "./protobuf-body.ts";
import { badRequest, StatusError, unsupportedMediaType } from "./status-error.ts";
import { bodyLimitBytes, type WireRequest } from "./wire.ts";

/** Reads a request's JSON, undefined when it is empty. Throws 400, 413 or 415; never repeats the body. */
export function readBody(request: WireRequest): Json | undefined {
  const { body } = request;
  if (body.length > bodyLimitBytes) throw tooLarge();
  if (body.length === 0) return undefined;
  if (mediaType(request) === "application/vnd.kubernetes.protobuf") return decodeProtobuf(body);
  try {
    return JSON.parse(body.toString()) as Json;
  } catch {
    throw badRequest("the body of the request is not valid JSON");
  }
}

const objectTypes = new Set(["", "application/json", "application/vnd.kubernetes.protobuf"]);

/** Reads an object to create or to put. */
export function readObject(request: WireRequest): JsonObject {
  const contentType = mediaType(request);
  if (!objectTypes.has(contentType)) {
    throw unsupportedMediaType(
      `the body of the request was in an unknown format (${contentType.slice(0, 80)}) - accepted media types include: application/json, application/vnd.kubernetes.protobuf`,
    );
  }
  const body = readBody(request);
  if (body === null) return {};
  if (!isJsonObject(body)) throw badRequest("the body of the request must be a JSON object");
  return body;
}

/** `application/merge-patch+json` of `application/merge-patch+json; charset=utf-8`. */
export function mediaType(request: WireRequest): string {
  const header = request.header("content-type") ?? "";
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

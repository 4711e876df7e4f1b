import type { JsonObject, KubeObject } from "../object.ts";
import type { Sandbox } from "../sandbox.ts";

/** An answer with its body as JSON (`{}` when it is none) and as text. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: JsonObject & Partial<KubeObject>;
}

export interface Sent {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one request to a sandbox, without a socket. */
export async function send(sandbox: Sandbox, path: string, sent: Sent = {}): Promise<Answer> {
  const body =
    sent.body === undefined || typeof sent.body === "string" ? sent.body : JSON.stringify(sent.body);
  const response = await sandbox.handler(
    new Request(`http://sandbox.test${path}`, {
      method: sent.method ?? (body === undefined ? "GET" : "POST"),
      headers: { "content-type": sent.contentType ?? "application/json", ...sent.headers },
      ...(body === undefined ? {} : { body }),
    }),
  );
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parse(text) };
}

export const mergePatch = "application/merge-patch+json";

function parse(text: string): Answer["body"] {
  try {
    return JSON.parse(text) as Answer["body"];
  } catch {
    return {};
  }
}

/** The smallest object of a kind. */
export function named(kind: string, name: string, rest: object = {}): JsonObject {
  return { apiVersion: "v1", kind, metadata: { name }, ...rest };
}

/** A definition of `widgets.test.dev`, with this schema of the spec. */
export function definition(spec: object, extra: object = {}): JsonObject {
  const openAPIV3Schema = {
    type: "object",
    properties: { spec, status: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
  };
  const version = {
    name: "v1",
    served: true,
    storage: true,
    subresources: { status: {} },
    schema: { openAPIV3Schema },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.test.dev" },
    spec: {
      group: "test.dev",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: [{ ...version, ...extra }],
    },
  } as JsonObject;
}

import type { Json } from "./object.ts";
import type { Registry } from "./registry.ts";
import { jsonResponse } from "./respond.ts";
import { resourceNotFound } from "./status-error.ts";
import type { TokenSigner } from "./tokens.ts";

/** Everything that is no resource: health, version, keys, discovery, OpenAPI. */
export function answerPage(
  path: string,
  _request: Request,
  _registry: Registry,
  tokens: TokenSigner,
): Response {
  switch (path) {
    case "/healthz":
    case "/livez":
    case "/readyz":
      return new Response("ok");
    case "/":
      return json({
        name: "Keyweir sandbox",
        note: "An in-memory Kubernetes API for trials and tests. Not for production.",
      });
    case "/version":
      return json(version);
    case "/openid/v1/jwks":
      return json(tokens.jwks as unknown as Json);
    case "/.well-known/openid-configuration":
      return json(tokens.configuration);
    default:
      throw resourceNotFound();
  }
}

const version = {
  major: "1",
  minor: "36",
  gitVersion: "v1.36.0+keyweir-sandbox-not-for-production",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "keyweir/sandbox",
};

function json(value: Json): Response {
  return jsonResponse(JSON.stringify(value), 200, []);
}

import { aggregatedDiscovery, groupDocument, groupList, resourceList } from "./discovery.ts";
import type { Json, JsonObject } from "./object.ts";
import { openApiDocument, openApiIndex } from "./openapi.ts";
import type { Registry } from "./registry.ts";
import { jsonResponse, plainResponse } from "./respond.ts";
import { PageNotFoundError } from "./status-error.ts";
import type { TokenSigner } from "./tokens.ts";
import type { TextResponse, WireRequest } from "./wire.ts";

/** Everything that is no resource: health, version, keys, discovery, OpenAPI. Throws 404 for the rest. */
export function answerPage(request: WireRequest, registry: Registry, tokens: TokenSigner): TextResponse {
  const { path } = request;
  switch (path) {
    case "/healthz":
    case "/livez":
    case "/readyz":
      return plainResponse("ok", 200);
    case "/":
      return json({
        name: "Keyweir sandbox",
        note: "An in-memory Kubernetes API for trials and tests. Not for production.",
        paths: ["/api", "/apis", "/openapi/v3", "/readyz", "/version"],
      });
    case "/version":
      return json(version);
    case "/openid/v1/jwks":
      return json(tokens.jwks as unknown as Json);
    case "/.well-known/openid-configuration":
      return json(tokens.configuration);
    case "/api":
    case "/apis":
      return discovery(path === "/api", request, registry);
    default:
      return json(documentAt(path.split("/").slice(1), registry));
  }
}

function discovery(isCore: boolean, request: WireRequest, registry: Registry): TextResponse {
  const accept = request.header("accept") ?? "";
  for (const range of accept.split(",")) {
    if (!range.includes("as=APIGroupDiscoveryList")) continue;
    const discoveryVersion = /v=(v2(?:beta1)?)(?:;|$)/.exec(range)?.[1];
    if (discoveryVersion === undefined) continue;
    const text = JSON.stringify(aggregatedDiscovery(registry, isCore, discoveryVersion));
    const type = `application/json;g=apidiscovery.k8s.io;v=${discoveryVersion};as=APIGroupDiscoveryList`;
    return { kind: "text", status: 200, headers: { "content-type": type }, body: text };
  }
  if (!isCore) return json(groupList(registry));
  return json({ kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] });
}

function documentAt(steps: readonly string[], registry: Registry): JsonObject {
  const found = findDocument(steps, registry);
  if (found === undefined) throw new PageNotFoundError();
  return found;
}

function findDocument(steps: readonly string[], registry: Registry): JsonObject | undefined {
  const [first, second, third, fourth, fifth] = steps;
  if (first === "api" && steps.length === 2) return resourceList(registry, "", second!);
  if (first === "apis" && steps.length === 2) return groupDocument(registry, second!);
  if (first === "apis" && steps.length === 3) return resourceList(registry, second!, third!);
  if (first !== "openapi" || second !== "v3") return undefined;
  if (steps.length === 2) return openApiIndex(registry);
  if (third === "api" && steps.length === 4) return openApiDocument(registry, "", fourth!);
  if (third === "apis" && steps.length === 5) return openApiDocument(registry, fourth!, fifth!);
  return undefined;
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

function json(value: Json): TextResponse {
  return jsonResponse(JSON.stringify(value), 200, []);
}

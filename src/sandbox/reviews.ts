import type { Review } from "./discovery.ts";
import { isJsonObject, type JsonObject } from "./object.ts";
import type { TokenSigner } from "./tokens.ts";

const admin = { username: "keyweir-sandbox-admin", groups: ["system:masters", "system:authenticated"] };

/** Answers a review: the sandbox has no rights, so everything is allowed; tokens are checked for real. */
export function answerReview(review: Review, body: JsonObject, tokens: TokenSigner): JsonObject {
  const spec = isJsonObject(body["spec"]) ? body["spec"] : {};
  return {
    kind: review.kind,
    apiVersion: `${review.group}/${review.version}`,
    metadata: { creationTimestamp: null },
    spec: review.kind === "TokenReview" ? { audiences: spec["audiences"] ?? [] } : spec,
    status: statusOf(review, spec, tokens),
  };
}

function statusOf({ kind }: Review, spec: JsonObject, tokens: TokenSigner): JsonObject {
  switch (kind) {
    case "SelfSubjectAccessReview":
      return { allowed: true, reason: "the Keyweir sandbox has no rights to check" };
    case "SelfSubjectRulesReview":
      return {
        resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
        nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
        incomplete: false,
      };
    case "TokenReview":
      return reviewToken(spec, tokens);
    default:
      return { userInfo: admin };
  }
}

function reviewToken(spec: JsonObject, tokens: TokenSigner): JsonObject {
  const token = typeof spec["token"] === "string" ? tokens.verify(spec["token"]) : undefined;
  const given = Array.isArray(spec["audiences"]) ? spec["audiences"] : [];
  const wanted: readonly unknown[] = given.length === 0 ? [tokens.issuer] : given;
  const audiences = token?.audiences.filter((audience) => wanted.includes(audience)) ?? [];
  if (token === undefined || audiences.length === 0) {
    return { authenticated: false, error: "the token is not valid for these audiences" };
  }
  const username = `system:serviceaccount:${token.namespace}:${token.name}`;
  const groups = [
    "system:serviceaccounts",
    `system:serviceaccounts:${token.namespace}`,
    "system:authenticated",
  ];
  return { authenticated: true, user: { username, uid: token.uid, groups }, audiences };
}

import type { Review } from "./discovery.ts";
import { isJsonObject, type JsonObject } from "./object.ts";

const admin = { username: "keyweir-sandbox-admin", groups: ["system:masters", "system:authenticated"] };

/** Answers a review of rights: the sandbox has none to check, so everything is allowed. */
export function answerReview({ group, version, kind }: Review, body: JsonObject): JsonObject {
  return {
    kind,
    apiVersion: `${group}/${version}`,
    metadata: { creationTimestamp: null },
    spec: isJsonObject(body["spec"]) ? body["spec"] : {},
    status: statusOf(kind),
  };
}

function statusOf(kind: string): JsonObject {
  switch (kind) {
    case "SelfSubjectAccessReview":
      return { allowed: true, reason: "the Keyweir sandbox has no rights to check" };
    case "SelfSubjectRulesReview":
      return {
        resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
        nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
        incomplete: false,
      };
    default:
      return { userInfo: admin };
  }
}

import type { KeyObject } from "node:crypto";
import { withDeadline, type Clock } from "../../core/clock.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeError } from "../../kube/kube-error.ts";
import type { MountRequest, MountResponse, ProviderClient } from "../../provider/client.ts";
import type { ServiceAccountTokens } from "../service-account-tokens.ts";
import type { Settings } from "../settings.ts";
import { fetchFailure, tokenFailure } from "./failures.ts";
import { mapKeys, objectStatuses, type FetchedItem, type MissingItem } from "./key-mapping.ts";
import { SyncFailure, type Outcome } from "./outcome.ts";
import { partialFailure } from "./partial-sync.ts";
import { writeSecret } from "./secret-writer.ts";
import type { SecretProviderClass, SecretSync, SecretSyncStatus } from "./secret-sync.ts";
import { timestamp } from "./status.ts";
import { syncHash } from "./sync-hash.ts";

/** Why a SecretSync is synchronised; the vault serves the lanes in this order, each with a share of its own. */
export type Lane = "new" | "forced" | "rotated" | "routine";

export interface SynchroniseDependencies {
  readonly kube: KubeClient;
  readonly provider: ProviderClient;
  readonly tokens: ServiceAccountTokens;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly installationKey: KeyObject;
  /** Name and uid that the provider sees as the pod that mounts. */
  readonly pod: { readonly name: string; readonly uid: string };
}

/** What one attempt looks at: the present state, and the newest status that is known. */
export interface Attempt {
  readonly secretSync: SecretSync;
  readonly providerClass: SecretProviderClass | undefined;
  readonly previous: SecretSyncStatus;
  readonly lane: Lane;
}

/**
 * One attempt, from the vault to the Secret. It looks at the present state only, so it may run at any time, twice,
 * and after any crash. Throws for every failure that leaves the Secret untouched.
 */
export async function synchronise(
  dependencies: SynchroniseDependencies,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Outcome> {
  const { settings, clock, kube } = dependencies;
  const { secretSync, previous } = attempt;
  checkType(secretSync, settings);
  const providerClass = checkClass(attempt);

  const response = await fetchObjects(dependencies, attempt, providerClass, signal);
  const items = mapKeys(secretSync.spec, response);
  const objects = objectStatuses(items, previous.objects, timestamp(clock.wallMs()));
  const fetched = items.filter((mapped): mapped is FetchedItem => mapped.kind === "fetched");
  const missing = items.filter((mapped): mapped is MissingItem => mapped.kind === "missing");

  if (missing.length > 0 && (fetched.length === 0 || !settings.enablePartialSecretSync)) {
    throw new SyncFailure({ ...fetchFailure(missing), objects });
  }
  const written = await writeSecret(kube, secretSync, fetched, previous.secret, signal);
  const hash = syncHash(dependencies.installationKey, secretSync, providerClass, fetched);
  const isReplaced = previous.secret !== undefined && previous.secret.uid !== written.uid;
  const isRewritten = previous.secret?.resourceVersion !== written.resourceVersion;
  const isChanged = isReplaced || (hash !== previous.syncHash && (isDeliberate(attempt) || isRewritten));
  if (missing.length > 0) {
    return { ...partialFailure(items, missing), objects, partial: { written, syncHash: hash, isChanged } };
  }
  const reason =
    previous.secret === undefined
      ? "CreateSucceeded"
      : isChanged
        ? "UpdateValueChangeOrForceUpdateSucceeded"
        : "UpdateNoValueChangeSucceeded";
  return { kind: "synced", reason, written, syncHash: hash, objects };
}

/** The SecretSync or its class was edited since the last attempt. */
function isDeliberate({ secretSync, providerClass, previous }: Attempt): boolean {
  return (
    previous.observedGeneration !== secretSync.metadata.generation ||
    previous.secretProviderClass?.uid !== providerClass?.metadata.uid ||
    previous.secretProviderClass?.generation !== (providerClass?.metadata.generation ?? 0)
  );
}

function checkType(secretSync: SecretSync, settings: Settings): void {
  const type = secretSync.spec.secretObject.type ?? "Opaque";
  if (settings.allowedSecretTypes.includes(type)) return;
  throw new SyncFailure({
    reason: "UserInputValidationFailed",
    message: `spec.secretObject.type "${type}" is not allowed here. Allowed: ${settings.allowedSecretTypes.join(", ")} (setting allowedSecretTypes).`,
    retryClass: "user",
  });
}

function checkClass({ secretSync, providerClass }: Attempt): SecretProviderClass {
  const name = secretSync.spec.secretProviderClassName;
  const namespace = secretSync.metadata.namespace;
  const refuse = (message: string): never => {
    throw new SyncFailure({ reason: "ControllerSpcError", message, retryClass: "user" });
  };
  if (providerClass === undefined) {
    return refuse(
      `SecretProviderClass "${name}" does not exist in namespace "${namespace}". Create it, or correct spec.secretProviderClassName.`,
    );
  }
  const provider = providerClass.spec?.provider ?? "";
  if (provider !== "azure") {
    return refuse(
      `SecretProviderClass "${name}" asks for provider "${provider}"; only "azure" is served here. Correct spec.provider.`,
    );
  }
  return providerClass;
}

async function fetchObjects(
  dependencies: SynchroniseDependencies,
  attempt: Attempt,
  providerClass: SecretProviderClass,
  signal: AbortSignal,
): Promise<MountResponse> {
  const tokens = await requestTokens(dependencies, attempt.secretSync);
  const request = mountRequest(dependencies, attempt, providerClass, tokens);
  const timeoutMs = dependencies.settings.mountTimeoutInSeconds * 1000;
  return withDeadline(dependencies.clock, timeoutMs, signal, (deadline) =>
    dependencies.provider.mount(request, deadline),
  );
}

/** The `serviceAccount.tokens` attribute: audience → token and expiry. */
async function requestTokens(
  { tokens, settings }: SynchroniseDependencies,
  secretSync: SecretSync,
): Promise<string> {
  const namespace = secretSync.metadata.namespace ?? "";
  const account = secretSync.spec.serviceAccountName;
  const byAudience: Record<string, unknown> = {};
  for (const audience of settings.tokenAudiences) {
    try {
      byAudience[audience] = await tokens.get(namespace, account, audience);
    } catch (error) {
      throw error instanceof KubeError ? tokenFailure(error, namespace, account) : error;
    }
  }
  return JSON.stringify(byAudience);
}

function mountRequest(
  { pod }: SynchroniseDependencies,
  { secretSync, lane }: Attempt,
  providerClass: SecretProviderClass,
  tokens: string,
): MountRequest {
  const { metadata, spec } = secretSync;
  return {
    attributes: JSON.stringify({
      ...providerClass.spec?.parameters,
      "csi.storage.k8s.io/pod.name": pod.name,
      "csi.storage.k8s.io/pod.uid": pod.uid,
      "csi.storage.k8s.io/pod.namespace": metadata.namespace,
      "csi.storage.k8s.io/serviceAccount.name": spec.serviceAccountName,
      "csi.storage.k8s.io/serviceAccount.tokens": tokens,
    }),
    secrets: "{}",
    targetPath: "/mnt/secrets-store",
    permission: "420",
    currentObjectVersion: [],
    requestedPaths: [...new Set(spec.secretObject.data.map((item) => item.sourcePath.trim()))],
    partial: true,
    lane,
  };
}

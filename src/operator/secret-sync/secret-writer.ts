import { managedLabel } from "../crds/secret-sync.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { OwnerReference, Secret } from "../../kube/objects.ts";
import { secrets } from "../../kube/resources.ts";
import { isAlreadyExists, isNotFound, KubeError } from "../../kube/kube-error.ts";
import type { FetchedItem } from "./key-mapping.ts";
import { SyncFailure } from "./outcome.ts";
import type { SecretSync, WrittenSecret } from "./secret-sync.ts";

/**
 * Writes the Secret with create and patch rights alone. A merge patch that names the uid cannot touch a Secret that
 * is not ours; keys that failed are absent from it and so keep their last good value; keys, labels and annotations
 * that the SecretSync no longer names are taken back with null, from the inventory in status.
 */
export async function writeSecret(
  kube: KubeClient,
  secretSync: SecretSync,
  items: readonly FetchedItem[],
  known: WrittenSecret | undefined,
  signal: AbortSignal,
): Promise<WrittenSecret> {
  const target = describeTarget(secretSync, items);
  if (known !== undefined) {
    const patched = await patchByUid(kube, secretSync, target, known, signal);
    if (patched !== undefined) return inventory(patched, secretSync, items, known);
  }
  const created = await create(kube, target, signal);
  if (created !== undefined) return inventory(created, secretSync, items, undefined);

  const existing = await inspect(kube, secretSync, signal);
  checkOwnership(existing, secretSync);
  const adopted: WrittenSecret = {
    ...inventoryOf(existing),
    // Without an inventory of its own, what the Secret holds now is taken as ours only where we name it again.
    keys: known?.keys ?? [],
    labels: known?.labels ?? [],
    annotations: known?.annotations ?? [],
  };
  const patched = await patchByUid(kube, secretSync, target, adopted, signal);
  if (patched === undefined) {
    throw new SyncFailure({
      reason: "ControllerSyncFailed",
      message: `Secret "${existing.metadata.name}" was deleted and created by others while it was written. It is tried again.`,
      retryClass: "network",
    });
  }
  return inventory(patched, secretSync, items, adopted);
}

interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owner: OwnerReference;
  readonly data: Readonly<Record<string, string>>;
}

function describeTarget(secretSync: SecretSync, items: readonly FetchedItem[]): Target {
  const { metadata, spec } = secretSync;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    type: spec.secretObject.type ?? "Opaque",
    labels: { ...spec.secretObject.labels, [managedLabel]: "" },
    annotations: { ...spec.secretObject.annotations },
    owner: {
      apiVersion: "secret-sync.x-k8s.io/v1alpha1",
      kind: "SecretSync",
      name: metadata.name,
      uid: metadata.uid ?? "",
    },
    data: Object.fromEntries(
      items.map(({ item, bytes }) => [item.targetKey, Buffer.from(bytes).toString("base64")]),
    ),
  };
}

/** Undefined when no Secret with that uid is there any more. */
async function patchByUid(
  kube: KubeClient,
  secretSync: SecretSync,
  target: Target,
  known: WrittenSecret,
  signal: AbortSignal,
): Promise<Secret | undefined> {
  const named = {
    keys: new Set(secretSync.spec.secretObject.data.map((item) => item.targetKey.trim())),
    labels: new Set(Object.keys(target.labels)),
    annotations: new Set(Object.keys(target.annotations)),
  };
  const patch = {
    metadata: {
      uid: known.uid,
      labels: { ...withdrawn(known.labels, named.labels), ...target.labels },
      annotations: { ...withdrawn(known.annotations, named.annotations), ...target.annotations },
      ownerReferences: [target.owner],
    },
    type: target.type,
    data: { ...withdrawn(known.keys, named.keys), ...target.data },
  };
  try {
    return await kube.mergePatch(secrets, target, patch, {}, signal);
  } catch (error) {
    if (isNotFound(error) || isOtherUid(error)) return undefined;
    throw error;
  }
}

/** The API server refuses a patch that would change the uid: a Secret of that name exists, but another one. */
function isOtherUid(error: unknown): boolean {
  return (
    error instanceof KubeError &&
    ((error.status === 422 && error.causes.some((cause) => cause.field === "metadata.uid")) ||
      (error.status === 409 && /uid/i.test(error.message)))
  );
}

function withdrawn(before: readonly string[], named: ReadonlySet<string>): Record<string, null> {
  return Object.fromEntries(before.filter((name) => !named.has(name)).map((name) => [name, null]));
}

/** Undefined when a Secret of that name exists. */
async function create(kube: KubeClient, target: Target, signal: AbortSignal): Promise<Secret | undefined> {
  const secret = {
    metadata: {
      name: target.name,
      namespace: target.namespace,
      labels: target.labels,
      annotations: target.annotations,
      ownerReferences: [target.owner],
    },
    type: target.type,
    data: target.data,
  };
  try {
    return await kube.create(secrets, secret, {}, signal);
  } catch (error) {
    if (isAlreadyExists(error)) return undefined;
    throw error;
  }
}

/** Reads the Secret with the patch right alone: an empty patch as a dry run answers with the object. */
async function inspect(kube: KubeClient, secretSync: SecretSync, signal: AbortSignal): Promise<Secret> {
  return kube.mergePatch(secrets, secretSync.metadata, {}, { dryRun: true }, signal);
}

function checkOwnership(existing: Secret, secretSync: SecretSync): void {
  const { name, namespace } = secretSync.metadata;
  const advice = `Delete that Secret (kubectl delete secret ${name} -n ${namespace}) or rename the SecretSync; nothing was touched.`;
  if (existing.metadata.labels?.[managedLabel] !== "") {
    throw new SyncFailure({
      reason: "InvalidClusterSecretLabelError",
      message: `A Secret "${name}" exists that Keyweir does not manage: it lacks the label ${managedLabel}. ${advice}`,
      retryClass: "user",
    });
  }
  const owners = existing.metadata.ownerReferences ?? [];
  const isOurs =
    owners.length === 1 &&
    owners[0]!.kind === "SecretSync" &&
    owners[0]!.apiVersion.startsWith("secret-sync.x-k8s.io/") &&
    owners[0]!.name === name;
  if (!isOurs) {
    throw new SyncFailure({
      reason: "InvalidClusterSecretAnnotationError",
      message: `A Secret "${name}" exists that has no SecretSync "${name}" as its one owner. ${advice}`,
      retryClass: "user",
    });
  }
}

function inventoryOf(secret: Secret): Omit<WrittenSecret, "keys" | "labels" | "annotations"> {
  const { name, uid, creationTimestamp, resourceVersion } = secret.metadata;
  return {
    name,
    uid: uid ?? "",
    creationTimestamp: creationTimestamp ?? "",
    resourceVersion: resourceVersion ?? "",
  };
}

function inventory(
  secret: Secret,
  secretSync: SecretSync,
  items: readonly FetchedItem[],
  known: WrittenSecret | undefined,
): WrittenSecret {
  const { data, labels, annotations } = secretSync.spec.secretObject;
  const fetched = new Set(items.map(({ item }) => item.targetKey));
  // A key that failed this time, but is in the Secret from an earlier one, stays ours.
  const kept = data.map((item) => item.targetKey.trim()).filter((key) => known?.keys.includes(key) === true);
  return {
    ...inventoryOf(secret),
    keys: [...new Set([...fetched, ...kept])].toSorted(),
    labels: Object.keys(labels ?? {}).toSorted(),
    annotations: Object.keys(annotations ?? {}).toSorted(),
  };
}

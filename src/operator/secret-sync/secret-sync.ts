import type { Condition, KubeObject } from "../../kube/objects.ts";
import type { Resource } from "../../kube/resources.ts";

/** What the controller reads and writes of a SecretSync. The schema is in ../crds/secret-sync.ts. */
export interface SecretSync extends KubeObject {
  readonly spec: SecretSyncSpec;
  readonly status?: SecretSyncStatus;
}

/** What the user asks for; the API server has validated it. */
export interface SecretSyncSpec {
  readonly secretProviderClassName: string;
  readonly serviceAccountName: string;
  readonly secretObject: {
    readonly type?: string;
    readonly data: readonly DataItem[];
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly forceSynchronization?: string;
}

/** One key of the Secret and the file path of the provider's answer that fills it. */
export interface DataItem {
  readonly sourcePath: string;
  readonly targetKey: string;
}

/** What is known to others and survives a restart; absent fields were never written. No value, ever. */
export interface SecretSyncStatus {
  readonly conditions?: readonly Condition[];
  readonly lastSuccessfulSyncTime?: string;
  readonly syncHash?: string;
  readonly observedGeneration?: number;
  readonly lastAttemptTime?: string;
  readonly nextSyncTime?: string;
  readonly secretProviderClass?: { readonly uid: string; readonly generation: number };
  readonly secret?: WrittenSecret;
  readonly objects?: readonly ObjectStatus[];
}

/** The inventory of what was written: enough to take it back later without ever reading the Secret. */
export interface WrittenSecret {
  readonly name: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  readonly resourceVersion: string;
  readonly keys: readonly string[];
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
}

export interface ObjectStatus {
  readonly sourcePath: string;
  readonly targetKey: string;
  /** secret, key or cert, once the provider has told. */
  readonly type?: string;
  readonly version?: string;
  readonly syncedAt?: string;
  /** "Synced", or the error class of the last attempt. */
  readonly reason: string;
  readonly message?: string;
}

/** A SecretProviderClass, as far as the controller looks at it; its parameters belong to the provider. */
export interface SecretProviderClass extends KubeObject {
  readonly spec?: {
    readonly provider?: string;
    readonly parameters?: Readonly<Record<string, string>>;
  };
}

/** Where SecretSyncs live. */
export const secretSyncs: Resource<SecretSync> = {
  group: "secret-sync.x-k8s.io",
  version: "v1alpha1",
  plural: "secretsyncs",
  kind: "SecretSync",
  namespaced: true,
};

/** Where SecretProviderClasses live. */
export const secretProviderClasses: Resource<SecretProviderClass> = {
  group: "secrets-store.csi.x-k8s.io",
  version: "v1",
  plural: "secretproviderclasses",
  kind: "SecretProviderClass",
  namespaced: true,
};

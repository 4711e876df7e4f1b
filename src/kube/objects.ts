/**
 * The Kubernetes objects that Keyweir reads and writes, narrowed to the fields it uses. Objects come from an API server
 * that has validated them; a field that the API leaves out when empty is optional here.
 */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

export interface ObjectMeta {
  readonly name: string;
  /** Absent for kinds without namespaces. */
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Counts changes of the spec; kinds without a spec have none. */
  readonly generation?: number;
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** The object goes when its last owner goes; at most one owner is its controller. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface Secret extends KubeObject {
  readonly type?: string;
  /** Values in base64. */
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

/** Only its text data is of interest. */
export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Named by its metadata alone. */
export interface ServiceAccount extends KubeObject {}

/** Named by its metadata alone. */
export interface Namespace extends KubeObject {}

/** `coordination.k8s.io/v1`; the times are MicroTime: exactly six digits after the second. */
export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/** Who holds a {@link Lease} and since when; without holder it is free. */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** A core/v1 event, as `kubectl describe` shows it. */
export interface Event extends KubeObject {
  readonly involvedObject: ObjectReference;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
  readonly reportingComponent?: string;
  readonly reportingInstance?: string;
  readonly source?: { readonly component?: string };
}

/** The object that an {@link Event} is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
}

/** A `metav1.Condition`. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  /** RFC 3339, whole seconds. */
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** A CustomResourceDefinition; its schema stays what it is, JSON. */
export interface CustomResourceDefinition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced" | "Cluster";
    readonly names: { readonly plural: string; readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly Omit<Condition, "observedGeneration">[] };
}

/** What a refusal is about (`metav1.StatusDetails`). */
export interface StatusDetails {
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly uid?: string | undefined;
  readonly causes?: readonly StatusCause[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** One field that the server refuses. */
export interface StatusCause {
  /** `FieldValueInvalid`, `FieldValueRequired` … */
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  /** Path of the field: `spec.secretObject.data[0].targetKey`. */
  readonly field?: string | undefined;
}

/** A page of a list. */
export interface KubeList<T extends KubeObject> {
  readonly items: readonly T[];
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
}

/** `namespace/name`, or `name` alone for kinds without namespaces: the key of an object in stores and queues. */
export function objectKey(object: { readonly metadata: Pick<ObjectMeta, "name" | "namespace"> }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

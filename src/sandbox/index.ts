/**
 * The sandbox: an in-process Kubernetes API for development, demonstrations and tests, never for production. It serves
 * the kinds that Keyweir needs and custom resources. What it has, the contract suite compares with a real kube-apiserver;
 * what it leaves out: server-side apply, rights, admission, CEL beyond the rules of SecretSync, tokens bound to objects,
 * expiry of events, persistence. Time and chance are parameters; a request needs no thread and no socket.
 *
 * A request's way: sandbox.ts → routes.ts → resource-requests.ts → operations.ts (rules for all kinds, with admit.ts for
 * the rules of one) → store.ts, which tells watch.ts, garbage-collection.ts and lifecycle.ts of every write.
 */
export { createSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
export type { Fault, RequestMatch } from "./faults.ts";
export type { KubeObject } from "./object.ts";

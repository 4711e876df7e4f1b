/**
 * The sandbox: an in-process Kubernetes API for development, demonstrations and tests, never for production. It serves
 * the kinds that Keyweir needs and custom resources, and differs from the real server only by being small: no
 * server-side apply, no rights, no admission, no CEL, state in memory. What it has, the contract suite compares with a
 * real kube-apiserver. Time and chance are parameters; a request needs no thread and no socket.
 */
export { createSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
export type { Fault, RequestMatch } from "./faults.ts";
export type { KubeObject } from "./object.ts";

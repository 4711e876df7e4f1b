import type { Clock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import { createKubeClient, type KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { namespaces, resourcePath, type ObjectRef, type Resource } from "../../src/kube/resources.ts";
import type { KubeRequest, KubeTransport } from "../../src/kube/transport.ts";

/** A server under test, with the definitions of widget.ts installed. */
export interface ContractServer extends AsyncDisposable {
  readonly transport: KubeTransport;
  readonly clock: Clock;
  /** Lets time pass: virtual for the sandbox, real for a real server. */
  pass(durationMs: number): Promise<void>;
  /** Makes the server forget all versions but the present one. */
  forgetHistory(): Promise<void>;
  /** Distinguishes the names of this run. */
  readonly runId: string;
}

/** A running server with what the tests do with it. */
export interface Cluster {
  readonly kube: KubeClient;
  readonly transport: KubeTransport;
  readonly clock: Clock;
  pass(durationMs: number): Promise<void>;
  forgetHistory(): Promise<void>;
  /** A new, empty namespace. */
  freshNamespace(): Promise<string>;
  /** Any request; the body of the answer parsed, or as text when it is no JSON. */
  send(method: KubeRequest["method"], path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** Waits until `read` gives something else than undefined or false; fails after ten seconds. */
  eventually<T>(read: () => Promise<T | undefined | false> | T | undefined | false): Promise<T>;
  /** Opens a watch and collects what it sends. */
  watch(resource: Resource, place: { readonly namespace?: string }, query?: Query): Promise<CollectedWatch>;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, any>; // oxlint-disable-line typescript/no-explicit-any
  readonly text: string;
}

type Query = Readonly<Record<string, string | number | boolean>>;

export interface WatchedEvent {
  readonly type: string;
  readonly object: KubeObject & Readonly<Record<string, unknown>>;
}

export interface CollectedWatch extends Disposable {
  readonly status: number;
  readonly events: readonly WatchedEvent[];
  /** Whether the server ended it. */
  readonly isOver: boolean;
}

/** Place of an object with a namespace, for readability of the tests. */
export function at(namespace: string, name: string): ObjectRef & { readonly namespace: string } {
  return { namespace, name };
}

export function clusterOf(server: ContractServer): Cluster {
  const { transport, clock } = server;
  const kube = createKubeClient({ transport, clock, random: seededRandom(7) });
  let count = 0;
  const eventually: Cluster["eventually"] = async (read) => {
    for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 50) {
      const value = await read();
      if (value !== undefined && value !== false) return value;
      await server.pass(50);
    }
    throw new Error("it did not happen within ten seconds");
  };
  return {
    kube,
    transport,
    clock,
    pass: (durationMs) => server.pass(durationMs),
    forgetHistory: () => server.forgetHistory(),
    eventually,
    async freshNamespace() {
      const name = `contract-${server.runId}-${++count}`;
      await kube.create(namespaces, { metadata: { name } });
      return name;
    },
    async send(method, path, body, contentType) {
      const response = await transport.request({
        method,
        path,
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        ...(contentType === undefined ? {} : { contentType }),
      });
      return { status: response.status, body: parsed(response.body), text: response.body };
    },
    watch: (resource, place, query = {}) =>
      collect(transport, resourcePath(resource, place, { watch: true, ...query })),
  };
}

function parsed(text: string): Answer["body"] {
  try {
    return JSON.parse(text) as Answer["body"];
  } catch {
    return {};
  }
}

async function collect(transport: KubeTransport, path: string): Promise<CollectedWatch> {
  const stopping = new AbortController();
  const watch = await transport.watch({ method: "GET", path }, stopping.signal);
  const events: WatchedEvent[] = [];
  let isOver = false;
  const reading = (async () => {
    for await (const line of watch.lines) events.push(JSON.parse(line) as WatchedEvent);
    isOver = true;
  })();
  // Ends with the abort below.
  reading.catch(() => {});
  return {
    status: watch.status,
    events,
    get isOver() {
      return isOver;
    },
    [Symbol.dispose]: () => stopping.abort(new Error("the test is over")),
  };
}

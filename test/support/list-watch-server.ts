import { KubeError } from "../../src/kube/kube-error.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import type { KubeRequest, KubeResponse, KubeTransport, KubeWatch } from "../../src/kube/transport.ts";

/** How a request goes wrong: with a status, or with a connection that breaks before the answer. */
export type RequestFault =
  | { readonly kind: "status"; readonly status: number; readonly retryAfterMs?: number }
  | { readonly kind: "reset" };

/** How open watches end: in good order, with a broken connection, inside a line, or with something that is no event. */
export type WatchEnd = "end" | "reset" | "half line" | "garbage" | "error event";

interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

/**
 * The list and watch half of an API server for one kind, with every way in which a server or the path to it can fail.
 * A transport by itself, without time: what it answers, it answers at once.
 */
export class ListWatchServer implements KubeTransport {
  readonly objects = new Map<string, KubeObject>();
  /** Paths of all requests, in order. */
  readonly requests: string[] = [];
  /** Whether a version that is forgotten is answered with an ERROR event or with the status 410. */
  expiry: "event" | "status" = "event";
  #version = 100;
  #oldestVersion = 100;
  #nextUid = 1;
  #isUnseen = false;
  readonly #history: Change[] = [];
  readonly #faults: RequestFault[] = [];
  readonly #watches = new Set<LineQueue>();

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Creates the object, or changes it in place. */
  put(name: string, labels: Readonly<Record<string, string>> = {}): void {
    const uid = this.objects.get(name)?.metadata.uid ?? `uid-${this.#nextUid++}`;
    const type = this.objects.has(name) ? "MODIFIED" : "ADDED";
    const metadata = { name, namespace: "shop", uid, resourceVersion: `${++this.#version}`, labels };
    const object = { metadata: { ...metadata, managedFields: [{ manager: "somebody" }] } };
    this.objects.set(name, object);
    this.#publish({ version: this.#version, type, object });
  }

  remove(name: string): void {
    const object = this.objects.get(name);
    if (object === undefined) return;
    this.objects.delete(name);
    const metadata = { ...object.metadata, resourceVersion: `${++this.#version}` };
    this.#publish({ version: this.#version, type: "DELETED", object: { metadata } });
  }

  /** The next requests fail like this, one each. */
  failNext(...faults: readonly RequestFault[]): void {
    this.#faults.push(...faults);
  }

  endWatches(how: WatchEnd): void {
    for (const lines of this.#watches) {
      switch (how) {
        case "end":
          break;
        case "half line":
          lines.push('{"type":"MODIFIED","object":{"metadata":{"na');
          break;
        case "garbage":
          lines.push("<html>");
          break;
        case "error event":
          lines.push(
            JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 500, message: "etcd" } }),
          );
          break;
        case "reset":
          lines.fail(new KubeError("connection reset", { code: "Disconnected" }));
          continue;
      }
      lines.end();
    }
    this.#watches.clear();
  }

  /** Open watches get this line, whatever it is. */
  say(line: string): void {
    for (const lines of this.#watches) lines.push(line);
  }

  /** The connections of the open watches die: they get nothing any more, not even their end. */
  silence(): void {
    this.#watches.clear();
  }

  /** Changes that no watch gets to see: the server forgets them before the open watches end in good order. */
  changeUnseen(change: () => void): void {
    this.#isUnseen = true;
    change();
    this.#isUnseen = false;
    this.forgetHistory();
    this.endWatches("end");
  }

  bookmark(): void {
    for (const lines of this.#watches) {
      lines.push(
        JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: `${this.#version}` } } }),
      );
    }
  }

  /** Versions before the present one are not known any more. */
  forgetHistory(): void {
    this.#oldestVersion = this.#version;
  }

  async request(request: KubeRequest): Promise<KubeResponse> {
    this.requests.push(request.path);
    const refusal = this.#refusal();
    if (refusal !== undefined) return { ...refusal, body: "" };
    const query = new URL(request.path, "http://server").searchParams;
    const all = [...this.objects.values()].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    const [startText = "0", version = `${this.#version}`] = (query.get("continue") ?? "")
      .split("@")
      .filter(Boolean);
    if (Number(version) < this.#oldestVersion) return { status: 410, body: "" };
    const start = Number(startText);
    const end = start + Number(query.get("limit") ?? all.length);
    const metadata = {
      resourceVersion: version,
      ...(end < all.length ? { continue: `${end}@${version}` } : {}),
    };
    return { status: 200, body: JSON.stringify({ items: all.slice(start, end), metadata }) };
  }

  async watch(request: KubeRequest, signal: AbortSignal): Promise<KubeWatch> {
    this.requests.push(request.path);
    const refusal = this.#refusal();
    if (refusal !== undefined) return { ...refusal, lines: new LineQueue(signal).end() };
    const lines = new LineQueue(signal);
    const from = Number(new URL(request.path, "http://server").searchParams.get("resourceVersion"));
    if (from < this.#oldestVersion) {
      const expired = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
      if (this.expiry === "status") return { status: 410, lines: lines.end() };
      lines.push(JSON.stringify({ type: "ERROR", object: expired }));
      return { status: 200, lines: lines.end() };
    }
    for (const change of this.#history) if (change.version > from) lines.push(lineOf(change));
    this.#watches.add(lines);
    signal.addEventListener("abort", () => this.#watches.delete(lines), { once: true });
    return { status: 200, lines };
  }

  #refusal(): { status: number; retryAfterMs?: number } | undefined {
    const fault = this.#faults.shift();
    if (fault === undefined) return undefined;
    if (fault.kind === "reset") throw new KubeError("connection reset", { code: "Disconnected" });
    const { status, retryAfterMs } = fault;
    return { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }

  #publish(change: Change): void {
    this.#history.push(change);
    if (this.#isUnseen) return;
    for (const lines of this.#watches) lines.push(lineOf(change));
  }
}

function lineOf({ type, object }: Change): string {
  return JSON.stringify({ type, object });
}

/** Lines that are read as they come; ends, fails or is aborted. */
class LineQueue implements AsyncIterable<string> {
  readonly #lines: string[] = [];
  #state:
    | { readonly kind: "open" }
    | { readonly kind: "ended" }
    | { readonly kind: "failed"; readonly error: Error } = {
    kind: "open",
  };
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => this.fail(signal.reason as Error), { once: true });
  }

  push(line: string): void {
    this.#lines.push(line);
    this.#wake?.();
  }

  end(): this {
    if (this.#state.kind === "open") this.#state = { kind: "ended" };
    this.#wake?.();
    return this;
  }

  fail(error: Error): void {
    if (this.#state.kind === "open") this.#state = { kind: "failed", error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) yield line;
      else if (this.#state.kind === "ended") return;
      else if (this.#state.kind === "failed") throw this.#state.error;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

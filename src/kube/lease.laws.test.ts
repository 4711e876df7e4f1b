import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sleep, type Clock } from "../core/clock.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { createKubeClient } from "./client.ts";
import { KubeError } from "./kube-error.ts";
import { holdLease } from "./lease.ts";
import type { KubeRequest, KubeResponse, KubeTransport } from "./transport.ts";

/** One Lease with optimistic locking, on its own clock. */
class LeaseServer {
  lease: { readonly metadata: { readonly resourceVersion: string }; readonly spec?: unknown } | undefined;
  #version = 0;

  answer(request: KubeRequest): KubeResponse {
    if (request.method === "GET") return this.lease === undefined ? refusal(404) : this.#present(200);
    const body = JSON.parse(request.body ?? "") as NonNullable<LeaseServer["lease"]>;
    if (request.method === "POST" && this.lease !== undefined) return refusal(409);
    if (request.method === "PUT" && body.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
      return refusal(409);
    }
    this.lease = { ...body, metadata: { ...body.metadata, resourceVersion: `${++this.#version}` } };
    return this.#present(200);
  }

  #present(status: number): KubeResponse {
    return { status, body: JSON.stringify(this.lease) };
  }
}

const refusal = (status: number): KubeResponse => ({ status, body: "" });

/** A path to the server that can be slow or cut, for one candidate. */
class Path implements KubeTransport {
  isCut = false;
  delayMs = 0;
  readonly #server: LeaseServer;
  readonly #clock: Clock;

  constructor(server: LeaseServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  async request(request: KubeRequest, signal?: AbortSignal): Promise<KubeResponse> {
    await sleep(this.#clock, this.delayMs / 2, signal);
    if (this.isCut) throw new KubeError("cut", { code: "Disconnected" });
    const answer = this.#server.answer(request);
    await sleep(this.#clock, this.delayMs / 2, signal);
    if (this.isCut) throw new KubeError("cut", { code: "Disconnected" });
    return answer;
  }

  watch(): Promise<never> {
    return Promise.reject(new Error("leases are not watched"));
  }
}

/** The same time, running at another pace and from another start. */
function skewedClock(clock: Clock, pace: number, offsetMs: number): Clock {
  return {
    wallMs: () => clock.wallMs() + offsetMs,
    monotonicMs: () => clock.monotonicMs() * pace + 1_000,
    setTimer: (delayMs, callback) => clock.setTimer(delayMs / pace, callback),
  };
}

const someStep = fc.record({
  candidate: fc.nat({ max: 2 }),
  isCut: fc.boolean(),
  delayMs: fc.constantFrom(0, 0, 500, 3_000, 12_000),
  waitMs: fc.integer({ min: 0, max: 20_000 }),
});
/** Within a tenth: clocks may differ by the ratio of lease duration and renew deadline. */
const somePace = fc.integer({ min: 95, max: 105 }).map((percent) => percent / 100);

test("two never lead at the same time, whatever is slow or cut and however clocks differ, and in the end one leads", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(someStep, { maxLength: 15, size: "max" }),
      fc.tuple(somePace, somePace, somePace),
      fc.integer(),
      async (steps, paces, seed) => {
        const clock = new VirtualClock();
        const server = new LeaseServer();
        const leading = new Set<string>();
        let most = 0;
        const stopping = new AbortController();
        const candidates = paces.map((pace, index) => {
          const ownClock = skewedClock(clock, pace, index * 86_400_000);
          const path = new Path(server, ownClock);
          const random = seededRandom(seed + index);
          const running = holdLease(
            {
              client: createKubeClient({ transport: path, clock: ownClock, random }),
              clock: ownClock,
              random,
              namespace: "shop",
              name: "leader",
              identity: `candidate-${index}`,
              async lead(signal) {
                leading.add(`candidate-${index}`);
                most = Math.max(most, leading.size);
                await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
                leading.delete(`candidate-${index}`);
              },
            },
            stopping.signal,
          );
          return { path, running };
        });
        for (const { candidate, isCut, delayMs, waitMs } of steps) {
          Object.assign(candidates[candidate]!.path, { isCut, delayMs });
          await clock.advance(waitMs);
        }
        for (const { path } of candidates) Object.assign(path, { isCut: false, delayMs: 0 });
        await clock.advance(60_000);
        expect(most).toBe(1);
        expect(leading.size).toBe(1);
        stopping.abort();
        await clock.advance(5_000);
        await Promise.all(candidates.map(({ running }) => running));
        expect(leading.size).toBe(0);
        expect(server.lease?.spec).not.toHaveProperty("holderIdentity");
      },
    ),
    { numRuns: 60 },
  );
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ListWatchServer, type RequestFault, type WatchEnd } from "../../test/support/list-watch-server.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { createKubeClient } from "./client.ts";
import { objectKey, type ConfigMap } from "./objects.ts";
import { Reflector, type ObjectChange } from "./reflector.ts";
import { configMaps } from "./resources.ts";

type Step =
  | { readonly kind: "put" | "remove"; readonly name: string }
  | { readonly kind: "end"; readonly how: WatchEnd }
  | { readonly kind: "fail"; readonly fault: RequestFault }
  | { readonly kind: "forget"; readonly expiry: "event" | "status" }
  | { readonly kind: "silence"; readonly isSilent: boolean }
  | { readonly kind: "gap"; readonly changed: readonly string[] }
  | { readonly kind: "wait"; readonly durationMs: number };

const someName = fc.constantFrom("a", "b", "c");
const someFault = fc.oneof(
  fc.constant<RequestFault>({ kind: "reset" }),
  fc.constantFrom(429, 500, 503, 410).map<RequestFault>((status) => ({ kind: "status", status })),
);
const someStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("put" as const, "remove" as const), name: someName }),
  fc.record({
    kind: fc.constant("end" as const),
    how: fc.constantFrom<WatchEnd>("end", "reset", "half line", "garbage", "error event"),
  }),
  fc.record({ kind: fc.constant("fail" as const), fault: someFault }),
  fc.record({
    kind: fc.constant("forget" as const),
    expiry: fc.constantFrom("event" as const, "status" as const),
  }),
  fc.record({ kind: fc.constant("silence" as const), isSilent: fc.boolean() }),
  fc.record({ kind: fc.constant("gap" as const), changed: fc.array(someName, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant("wait" as const), durationMs: fc.integer({ min: 0, max: 60_000 }) }),
);

test("whatever fails, the store ends up equal to the server, and the changes tell the same story", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someStep, { maxLength: 40 }), fc.integer(), async (steps, seed) => {
      const clock = new VirtualClock();
      const server = new ListWatchServer();
      const random = seededRandom(seed);
      const told = new Map<string, string>();
      const reflector = new Reflector<ConfigMap>({
        client: createKubeClient({ transport: server, clock, random }),
        clock,
        random,
        resource: configMaps,
        onChange: (change) => tell(told, change),
      });
      const stopping = new AbortController();
      const running = reflector.run(stopping.signal);
      for (const step of steps) await take(step, server, clock);
      server.isSilent = false;
      // Longer than the longest silence and the longest waits after it.
      await clock.advance(1_200_000);

      const expected = new Map(
        [...server.objects.values()].map((object) => [objectKey(object), idOf(object)]),
      );
      const stored = new Map(
        [...reflector.store.values()].map((object) => [objectKey(object), idOf(object)]),
      );
      expect(stored).toEqual(expected);
      expect(told).toEqual(expected);
      stopping.abort();
      await running;
      expect(server.openWatches).toBe(0);
    }),
    { numRuns: 60 },
  );
});

const idOf = ({ metadata }: ConfigMap) => `${metadata.uid}@${metadata.resourceVersion}`;

/** Follows the changes and fails when one does not fit what was told before. */
function tell(told: Map<string, string>, change: ObjectChange<ConfigMap>): void {
  const key = objectKey(change.object);
  const before = told.get(key);
  switch (change.kind) {
    case "added":
      if (before !== undefined) throw new Error(`${key} is added twice`);
      told.set(key, idOf(change.object));
      return;
    case "updated":
      if (change.previous.metadata.uid !== change.object.metadata.uid)
        throw new Error(`${key} is another object`);
      if (before !== idOf(change.previous)) throw new Error(`${key} was not what the update says`);
      told.set(key, idOf(change.object));
      return;
    case "deleted":
      if (before === undefined) throw new Error(`${key} is deleted twice`);
      told.delete(key);
  }
}

async function take(step: Step, server: ListWatchServer, clock: VirtualClock): Promise<void> {
  switch (step.kind) {
    case "put":
      server.put(step.name);
      return;
    case "remove":
      server.remove(step.name);
      return;
    case "end":
      server.endWatches(step.how);
      return;
    case "fail":
      server.failNext(step.fault);
      return;
    case "forget":
      server.expiry = step.expiry;
      server.forgetHistory();
      return;
    case "silence":
      server.isSilent = step.isSilent;
      return;
    case "gap":
      // Nobody sees these changes: the server forgets them before it speaks again.
      server.isSilent = true;
      for (const name of step.changed) {
        if (server.objects.has(name)) server.remove(name);
        else server.put(name);
      }
      server.forgetHistory();
      server.isSilent = false;
      server.endWatches("reset");
      return;
    case "wait":
      await clock.advance(step.durationMs);
  }
}

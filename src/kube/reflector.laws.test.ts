import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ListWatchServer, type RequestFault, type WatchEnd } from "../../test/support/list-watch-server.ts";
import { assertNever } from "../core/assert.ts";
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
  | { readonly kind: "silence" }
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
  fc.constant<Step>({ kind: "silence" }),
  fc.record({ kind: fc.constant("gap" as const), changed: fc.array(someName, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant("wait" as const), durationMs: fc.integer({ min: 0, max: 60_000 }) }),
);

test("whatever fails, the store ends up equal to the server, and the changes tell the same story", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(someStep, { maxLength: 40, size: "max" }),
      fc.integer(),
      async (steps, seed) => {
        const clock = new VirtualClock();
        const server = new ListWatchServer();
        const random = seededRandom(seed);
        const told = new Map<string, string>();
        const problems: string[] = [];
        const reflector = new Reflector<ConfigMap>({
          client: createKubeClient({ transport: server, clock, random }),
          clock,
          random,
          resource: configMaps,
          onChange: (change) => {
            const problem = tell(told, change);
            if (problem !== undefined) problems.push(problem);
          },
        });
        const stopping = new AbortController();
        const running = reflector.run(stopping.signal);
        for (const step of steps) await take(step, server, clock);
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
        expect(problems).toEqual([]);
        stopping.abort();
        await running;
        expect(server.openWatches).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

const someField = fc.constantFrom(
  "type",
  "object",
  "metadata",
  "resourceVersion",
  "name",
  "kind",
  "code",
  "details",
);
const somethingLikeAnEvent = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>("ADDED", "ERROR", "BOOKMARK", "Status", "1", 410, 429, -1, null, true, {}, []),
    fc.dictionary(someField, tie("value")),
    fc.array(tie("value"), { maxLength: 2 }),
  ),
})).value;

test("whatever a server says, the reflector goes on and recovers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(somethingLikeAnEvent, { minLength: 1, maxLength: 5 }), async (events) => {
      const clock = new VirtualClock();
      const server = new ListWatchServer();
      const random = seededRandom(1);
      const bodies = events.map((event) => JSON.stringify(event));
      const request = server.request.bind(server);
      server.request = async (asked) => {
        const body = bodies.pop();
        return body === undefined ? request(asked) : { status: body.length % 2 === 0 ? 200 : 500, body };
      };
      const reflector = new Reflector<ConfigMap>({
        client: createKubeClient({ transport: server, clock, random }),
        clock,
        random,
        resource: configMaps,
      });
      const stopping = new AbortController();
      const running = reflector.run(stopping.signal);
      await clock.advance(1_000_000);
      for (const event of events) {
        server.say(JSON.stringify(event));
        await clock.advance(60_000);
      }
      server.put("a");
      server.changeUnseen(() => server.put("b"));
      await clock.advance(1_200_000);
      expect(new Set([...reflector.store.values()].map(({ metadata }) => metadata.name))).toEqual(
        new Set(["a", "b"]),
      );
      stopping.abort();
      await running;
    }),
    { numRuns: 200 },
  );
});

const idOf = ({ metadata }: ConfigMap) => `${metadata.uid}@${metadata.resourceVersion}`;

/** Follows the changes and says when one does not fit what was told before. */
function tell(told: Map<string, string>, change: ObjectChange<ConfigMap>): string | undefined {
  const key = objectKey(change.object);
  const before = told.get(key);
  if (change.kind === "deleted") told.delete(key);
  else told.set(key, idOf(change.object));
  switch (change.kind) {
    case "added":
      return before === undefined ? undefined : `${key} is added twice`;
    case "updated":
      if (change.previous.metadata.uid !== change.object.metadata.uid) return `${key} is another object`;
      return before === idOf(change.previous) ? undefined : `${key} was not what the update says`;
    case "deleted":
      return before === undefined ? `${key} is deleted twice` : undefined;
    default:
      return assertNever(change);
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
      server.silence();
      return;
    case "gap":
      server.changeUnseen(() => {
        for (const name of step.changed) {
          if (server.objects.has(name)) server.remove(name);
          else server.put(name);
        }
      });
      return;
    case "wait":
      await clock.advance(step.durationMs);
  }
}

import { expect, test } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { createEventRecorder } from "../../src/kube/events.ts";
import { holdLease } from "../../src/kube/lease.ts";
import { Reflector } from "../../src/kube/reflector.ts";
import { events, leases, secrets } from "../../src/kube/resources.ts";
import { microTime } from "../../src/kube/timestamps.ts";
import { at, type Cluster } from "./contract-cluster.ts";
import { plainSpec, widgets, type Widget } from "./widget.ts";

/** Leases and events, raw and through Keyweir's own client code, and the reflector. */
export function machineryContract(get: () => Cluster): void {
  const spec = (holderIdentity: string) => ({
    holderIdentity,
    leaseDurationSeconds: 15,
    renewTime: microTime(get().clock.wallMs()),
  });

  test("a Lease is taken by whoever replaces the version that both have read", async () => {
    const namespace = await get().freshNamespace();
    const lease = await get().kube.create(leases, {
      metadata: { name: "leader", namespace },
      spec: spec("a"),
    });
    expect(lease.spec?.renewTime).toMatch(/\.\d{6}Z$/);
    const taken = await get().kube.replace(leases, { ...lease, spec: spec("b") });
    expect(taken.spec?.holderIdentity).toBe("b");
    await expect(get().kube.replace(leases, { ...lease, spec: spec("c") })).rejects.toMatchObject({
      code: "Conflict",
    });
    const again = get().kube.create(leases, { metadata: { name: "leader", namespace } });
    await expect(again).rejects.toMatchObject({ code: "AlreadyExists" });
  });

  test("a Lease without six digits of a second, or with a duration of nothing, is refused", async () => {
    const namespace = await get().freshNamespace();
    const metadata = { name: "leader", namespace };
    const short = { ...spec("a"), renewTime: "2026-01-01T00:00:00.000Z" };
    await expect(get().kube.create(leases, { metadata, spec: short })).rejects.toMatchObject({ status: 400 });
    const zero = { ...spec("a"), leaseDurationSeconds: 0 };
    await expect(get().kube.create(leases, { metadata, spec: zero })).rejects.toMatchObject({ status: 422 });
  });

  test("leadership passes on as soon as it is given back", async () => {
    const namespace = await get().freshNamespace();
    const { kube, clock } = get();
    const history: string[] = [];
    const stand = (identity: string, signal: AbortSignal) =>
      holdLease(
        {
          client: kube,
          clock,
          random: seededRandom(identity.length),
          namespace,
          name: "leader",
          identity,
          retryPeriodMs: 300,
          async lead(leading) {
            history.push(`${identity} leads`);
            await new Promise((resolve) => leading.addEventListener("abort", resolve, { once: true }));
            history.push(`${identity} ends`);
          },
        },
        signal,
      );
    const [first, second] = [new AbortController(), new AbortController()];
    const firstEnds = stand("first", first.signal);
    await get().eventually(() => history.length === 1);
    const secondEnds = stand("second", second.signal);
    await get().pass(1_000);
    expect(history).toEqual(["first leads"]);
    first.abort();
    await firstEnds;
    await get().eventually(() => history.length === 3);
    second.abort();
    await secondEnds;
    expect(history).toEqual(["first leads", "first ends", "second leads", "second ends"]);
    const { spec: released } = await kube.get(leases, at(namespace, "leader"));
    expect(released).toMatchObject({ leaseDurationSeconds: 1, leaseTransitions: 1 });
    expect(released?.holderIdentity ?? "").toBe("");
  });

  test("an event must live in the namespace of its object", async () => {
    const namespace = await get().freshNamespace();
    const involvedObject = { apiVersion: "v1", kind: "Secret", name: "a", namespace: "default" };
    const event = {
      metadata: { name: "a.1", namespace },
      involvedObject,
      reason: "Because",
      message: "",
      type: "Normal" as const,
    };
    await expect(get().kube.create(events, event)).rejects.toMatchObject({ status: 422 });
  });

  test("a repeated event becomes one event with a count", async () => {
    const namespace = await get().freshNamespace();
    const { metadata } = await get().kube.create(secrets, { metadata: { name: "subject", namespace } });
    const { kube, clock } = get();
    const recorder = createEventRecorder({
      client: kube,
      clock,
      random: seededRandom(1),
      component: "keyweir",
    });
    const object = { apiVersion: "v1", kind: "Secret", name: "subject", namespace, uid: metadata.uid! };
    const event = { type: "Warning", reason: "ProviderError", message: "the vault is away" } as const;
    recorder.record(object, event);
    await recorder.settled();
    recorder.record(object, event);
    recorder.record(object, event);
    recorder.record(object, { ...event, message: "something else" });
    await recorder.settled();
    const fieldSelector = `involvedObject.name=subject,involvedObject.uid=${metadata.uid}`;
    const { items } = await kube.list(events, { namespace, fieldSelector });
    const summary = items.map(({ message, count, source }) => ({ message, count, source }));
    expect(summary).toHaveLength(2);
    expect(summary).toContainEqual({
      message: "the vault is away",
      count: 3,
      source: { component: "keyweir" },
    });
    expect(summary).toContainEqual({ message: "something else", count: 1, source: { component: "keyweir" } });
    expect(recorder.counts).toEqual({ written: 3, dropped: 0 });
  });

  test("a reflector keeps a copy of what the server has", async () => {
    const namespace = await get().freshNamespace();
    const { kube, clock } = get();
    const create = (name: string) => kube.create(widgets, { metadata: { name, namespace }, spec: plainSpec });
    const { metadata } = await create("a");
    const changes: string[] = [];
    const reflector = new Reflector<Widget>({
      client: kube,
      clock,
      random: seededRandom(3),
      resource: widgets,
      namespace,
      indexes: { className: (widget) => [String(widget.spec?.["className"])] },
      onChange: ({ kind, object }) => changes.push(`${kind} ${object.metadata.name}`),
    });
    const stopping = new AbortController();
    const running = reflector.run(stopping.signal);
    await reflector.hasSynced;
    expect(changes).toEqual(["added a"]);
    await create("b");
    await kube.mergePatch(widgets, metadata, { spec: { className: "other" } });
    await get().eventually(() => changes.length === 3);
    expect(reflector.store.byIndex("className", "other").map((widget) => widget.metadata.name)).toEqual([
      "a",
    ]);
    expect(reflector.store.get(`${namespace}/a`)?.metadata).not.toHaveProperty("managedFields");
    await kube.delete(widgets, metadata);
    await create("a");
    await get().eventually(() => changes.length === 5);
    expect(changes.slice(1)).toEqual(["added b", "updated a", "deleted a", "added a"]);
    stopping.abort();
    await running;
  });
}

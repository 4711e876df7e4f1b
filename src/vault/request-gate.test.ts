import { describe, expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import type { Lane } from "../policy/priority-lane.ts";
import { VaultError } from "./errors.ts";
import { RequestGate, type GateTicket, type RequestGateOptions } from "./request-gate.ts";

const neverAborts = new AbortController().signal;

function scene(options: Partial<RequestGateOptions> = {}) {
  const clock = new VirtualClock();
  const gate = new RequestGate({
    clock,
    random: seededRandom(1),
    server: 'vault "demo"',
    budget: undefined,
    bulkhead: { total: 2, perOwner: 2 },
    maxQueued: 100,
    ...options,
  });
  const entered: string[] = [];
  const refused: string[] = [];
  const tickets: GateTicket[] = [];
  const ask = (
    name: string,
    lane: Lane = "routine",
    owner = "a",
    timeoutMs = 60_000,
    signal = neverAborts,
  ) => {
    void gate.enter({ lane, owner, deadlineAtMs: clock.monotonicMs() + timeoutMs, signal }).then(
      (ticket) => (tickets.push(ticket), entered.push(name)),
      (error: Error) => refused.push(`${name} ${error instanceof VaultError ? error.code : error.message}`),
    );
  };
  return { clock, gate, entered, refused, tickets, ask };
}

describe("a gate", () => {
  test("lets so many in at once, and the most urgent one next", async () => {
    const { clock, gate, entered, tickets, ask } = scene();
    for (const lane of ["routine", "routine", "routine", "rotated", "forced", "new"] as const)
      ask(lane, lane);
    await clock.advance(1);
    expect(entered).toEqual(["routine", "routine"]);
    expect(gate.state).toEqual({ circuit: "closed", inFlight: 2, queued: 4, rateShare: 1 });
    for (let turn = 0; turn < 4; turn++) {
      gate.leave(tickets[turn]!, { kind: "answered" });
      await clock.advance(1);
    }
    expect(entered.slice(2)).toEqual(["new", "forced", "rotated", "routine"]);
  });

  test("lets another identity past one that has its part in flight", async () => {
    const { clock, entered, ask } = scene({ bulkhead: { total: 3, perOwner: 1 } });
    for (const owner of ["a", "a", "a", "b"]) ask(owner, "routine", owner);
    await clock.advance(1);
    expect(entered).toEqual(["a", "b"]);
  });

  test("that closes refuses at once those in the queue who cannot wait so long", async () => {
    const { clock, gate, entered, refused, tickets, ask } = scene({ bulkhead: { total: 1, perOwner: 1 } });
    ask("first");
    ask("hasty", "routine", "a", 5_000);
    ask("patient", "routine", "a", 60_000);
    await clock.advance(1);
    gate.leave(tickets[0]!, { kind: "throttled", retryAfterMs: 10_000 });
    await clock.advance(1);
    expect(refused).toEqual(["hasty Throttled"]);
    await clock.advance(9_999);
    expect(entered).toEqual(["first"]);
    await clock.advance(1_500);
    expect(entered).toEqual(["first", "patient"]);
  });

  test("refuses in the queue at the deadline, and drops who gives up", async () => {
    const { clock, gate, refused, ask } = scene({ bulkhead: { total: 1, perOwner: 1 } });
    const controller = new AbortController();
    ask("first");
    ask("late", "routine", "a", 5_000);
    ask("gone", "routine", "a", 5_000, controller.signal);
    await clock.advance(4_000);
    controller.abort(new Error("given up"));
    await clock.advance(2_000);
    expect(refused).toEqual(["gone given up", "late BudgetWait"]);
    expect(gate.state.queued).toBe(0);
  });

  test("refuses when its queue is full", async () => {
    const { clock, refused, ask } = scene({ bulkhead: { total: 1, perOwner: 1 }, maxQueued: 1 });
    for (const name of ["first", "second", "third"]) ask(name);
    await clock.advance(1);
    expect(refused).toEqual(["third BudgetWait"]);
  });

  test("sends half as much after a 429 and says so", async () => {
    const budget = { capacityUnits: 10, refillPerSecond: 10 };
    const { clock, gate, entered, tickets, ask } = scene({ budget, bulkhead: { total: 100, perOwner: 100 } });
    ask("first");
    await clock.advance(1);
    gate.leave(tickets[0]!, { kind: "throttled" });
    expect(gate.state.rateShare).toBe(0.5);
    await clock.advance(2_000);
    ask("probe");
    await clock.advance(1);
    gate.leave(tickets[1]!, { kind: "answered" });
    for (let index = 0; index < 50; index++) ask("more");
    await clock.advance(2_000);
    // 5 at once but for the probe, then 5 a second and a little more as the rate recovers.
    expect(entered.length - 2).toBeGreaterThanOrEqual(13);
    expect(entered.length - 2).toBeLessThanOrEqual(15);
  });

  test("is at rest when it is as good as new, and only then", async () => {
    const { clock, gate, tickets, ask } = scene({ budget: { capacityUnits: 1, refillPerSecond: 1 } });
    expect(gate.isAtRest).toBe(true);
    ask("first");
    await clock.advance(1);
    expect(gate.isAtRest).toBe(false);
    gate.leave(tickets[0]!, { kind: "answered" });
    expect(gate.isAtRest).toBe(false);
    await clock.advance(1_000);
    expect(gate.isAtRest).toBe(true);
  });
});

/** The planner in a browser worker: answers each message with what the named function returns for its input. */
import { seededRandom } from "../../../src/core/random.ts";
import {
  completeInputs,
  MonteCarlo,
  parseLayout,
  planBudget,
  planCapacity,
  planCost,
  planJitter,
  planRisk,
  planTable,
  planVaults,
  type PlanInputs,
} from "../../../src/planner/index.ts";

/** What the test may ask, by name. The test runs the same functions in Node. */
export const questions = {
  planJitter,
  planRisk,
  planCapacity,
  planTable,
  planBudget,
  planCost,
  planVaults: (text: string) => planVaults(parseLayout(text)),
  simulate(inputs: PlanInputs & { readonly jitterSeconds: number }) {
    const simulation = new MonteCarlo(completeInputs(inputs), "fixed", inputs.jitterSeconds, seededRandom(1));
    simulation.run(2000);
    return simulation.result();
  },
};

interface WorkerScope {
  addEventListener?: (
    type: "message",
    listener: (event: { readonly data: readonly [keyof typeof questions, never] }) => void,
  ) => void;
  postMessage?: (message: unknown) => void;
}

const scope = globalThis as WorkerScope;
scope.addEventListener?.("message", ({ data: [name, input] }) => {
  const { performance } = globalThis;
  try {
    const startMs = performance.now();
    const answer = questions[name](input);
    scope.postMessage?.({ answer, elapsedMs: performance.now() - startMs });
  } catch (error) {
    scope.postMessage?.({ error: String(error) });
  }
});

import { seededRandom } from "../../src/core/random.ts";
import { VirtualClock } from "../../src/core/virtual-clock.ts";
import { createKubeClient } from "../../src/kube/client.ts";
import { handlerTransport } from "../../src/kube/handler-transport.ts";
import { customResourceDefinitions } from "../../src/kube/resources.ts";
import { createSandbox } from "../../src/sandbox/index.ts";
import { describeKubeContract } from "./kube-contract.ts";
import { widgetDefinition } from "./widget.ts";

describeKubeContract("the sandbox", async () => {
  const clock = new VirtualClock();
  const sandbox = createSandbox({ clock, random: seededRandom(1) });
  const transport = handlerTransport(sandbox.handler);
  await createKubeClient({ transport, clock, random: seededRandom(2) }).create(
    customResourceDefinitions,
    widgetDefinition,
  );
  return {
    transport,
    clock,
    runId: "sandbox",
    pass: (durationMs) => clock.advance(durationMs),
    forgetHistory: async () => sandbox.compactHistory(),
    [Symbol.asyncDispose]: async () => sandbox.close(),
  };
});

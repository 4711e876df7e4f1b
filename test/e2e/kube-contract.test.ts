import { sleep, systemClock } from "../../src/core/clock.ts";
import { httpTransport } from "../../src/kube/http-transport.ts";
import { describeKubeContract } from "../conformance/kube-contract.ts";
import { widgetDefinition } from "../conformance/widget.ts";
import { startApiServer } from "../support/api-server.ts";

describeKubeContract("kube-apiserver", async () => {
  const server = await startApiServer({ crds: [widgetDefinition] });
  const transport = httpTransport(server.config);
  return {
    transport,
    clock: systemClock,
    runId: "real",
    pass: (durationMs) => sleep(systemClock, durationMs),
    forgetHistory: () => server.forgetHistory(),
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      await server.stop();
    },
  };
});

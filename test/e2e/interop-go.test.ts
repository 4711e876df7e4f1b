import { afterAll, beforeAll, expect, test } from "vitest";
import { expectNoCanary } from "../support/canary.ts";
import { startFlowScene, type FlowScene } from "../support/flow-scene.ts";
import { goSdkFlows } from "../support/go-programs.ts";
import { runWithInput } from "../support/run-input.ts";
import { sdkLives } from "../support/sdk-expectations.ts";

let scene: FlowScene;
let program: string;
beforeAll(async () => {
  program = await goSdkFlows();
  scene = await startFlowScene(["secrets", "keys", "certificates"]);
});
afterAll(() => scene?.[Symbol.asyncDispose]());

test.each(sdkLives)("the SDK for Go goes through the life of %s", async (name, life) => {
  const output = await runWithInput(program, [name, ...scene.argumentsFor(name)], "", {
    SSL_CERT_FILE: scene.caFile,
  });
  expectNoCanary(output);
  expect(JSON.parse(output)).toEqual(life);
});

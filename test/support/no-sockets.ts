/** The set-up file of the unit tier: a test that opens a socket fails. Servers are tested through their handler. */
import { Server, Socket } from "node:net";

for (const [prototype, method] of [
  [Server.prototype, "listen"],
  [Socket.prototype, "connect"],
] as const) {
  Object.defineProperty(prototype, method, {
    value: () => {
      throw new Error("a unit test opens a socket; call the handler, or move the test to test/e2e/");
    },
  });
}

import { expect } from "vitest";

/** A secret value and a token that tests plant; whatever a test prints must never contain them. */
export const canaryValue = "canary-value-7b1d0e5c";
export const canaryToken = "canary-token-93f2aa64";

/** Fails when `text` contains a planted secret, as it is or in base64. */
export function expectNoCanary(text: string): void {
  for (const canary of [canaryValue, canaryToken]) {
    expect(text.includes(canary), "a planted secret shows up in output").toBe(false);
    expect(text.includes(Buffer.from(canary).toString("base64")), "a planted secret in base64").toBe(false);
  }
}

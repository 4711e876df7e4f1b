import { expect, test } from "vitest";
import { retryAfterMsOf } from "./retry-after.ts";

const nowMs = Date.UTC(2026, 0, 1);

test.each([
  [{}, undefined],
  [{ "retry-after": "10" }, 10_000],
  [{ "retry-after": "0" }, 0],
  [{ "retry-after-ms": "250", "retry-after": "10" }, 250],
  [{ "x-ms-retry-after-ms": "1500" }, 1_500],
  [{ "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }, 30_000],
  [{ "retry-after": "Wed, 31 Dec 2025 00:00:30 GMT" }, 0],
  [{ "retry-after": "999999999" }, 3_600_000],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after": "" }, undefined],
])("%j asks to wait %s ms", (headers, waitMs) => {
  expect(retryAfterMsOf(headers, nowMs)).toBe(waitMs);
});

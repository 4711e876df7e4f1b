import { systemClock } from "../core/clock.ts";
import { exitCode } from "./exit-code.ts";

/** How the process is asked to end. */
export interface StopSignal {
  /** The signal that aborts at SIGINT, SIGTERM or SIGHUP. Until it is asked for, those end the process at once. */
  signal(): AbortSignal;
  /** Aborts the signal, or ends the process when nobody asked for it. */
  stopNow(): void;
}

/** Longer than any command needs to end, shorter than the 5 s that a supervisor is promised. */
const patienceMs = 4_500;

/** Ctrl-C reaches the whole process group, and npm or a wrapper passes it on once more: that is one request. */
const echoMs = 1_000;

/** The process's own. A second request, or one that is not followed within 4.5 s, ends the process as it is. */
export function stopSignal(): StopSignal {
  let controller: AbortController | undefined;
  let requestedMs = -Infinity;
  const stopNow = () => {
    const nowMs = systemClock.monotonicMs();
    if (controller?.signal.aborted === true && nowMs - requestedMs < echoMs) return;
    if (controller === undefined || controller.signal.aborted) process.exit(exitCode.success);
    requestedMs = nowMs;
    controller.abort();
    systemClock.setTimer(patienceMs, () => process.exit(exitCode.success));
  };
  return {
    signal() {
      if (controller === undefined) {
        controller = new AbortController();
        for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stopNow);
      }
      return controller.signal;
    },
    stopNow,
  };
}

/**
 * Time as a parameter. Everything that waits or looks at a clock gets a `Clock`, so the whole system also runs on
 * virtual time. Wall time may jump (NTP, operators); monotonic time never goes back. Only this file touches timers.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, for times that people or other machines read. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start, for measuring and scheduling. */
  monotonicMs(): number;
  /** Calls `callback` once after `delayMs` (at least 0); disposing the timer cancels it. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

/** A pending callback. Disposing it twice, or after it fired, does nothing. */
export interface Timer extends Disposable {}

/** Calls back when the present turn of the event loop is over: for writers to sockets, which gather what it brings. */
export function afterThisTurn(callback: () => void): void {
  setImmediate(callback);
}

/** Node and browsers clamp longer timers to 1 ms; longer waits are made of several. */
const timerLimitMs = 2 ** 31 - 1;

/** The machine's own clock. Its timers keep the process alive. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback) {
    let remainingMs = Math.max(0, delayMs);
    let handle: ReturnType<typeof setTimeout>;
    const arm = () => {
      const stepMs = Math.min(remainingMs, timerLimitMs);
      remainingMs -= stepMs;
      handle = setTimeout(() => (remainingMs > 0 ? arm() : callback()), stepMs);
    };
    arm();
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(asError(signal.reason));
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    const onAbort = () => {
      timer[Symbol.dispose]();
      reject(asError(signal?.reason));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The deadline given to {@link withDeadline} passed before the work was done. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
  readonly timeoutMs: number;
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/**
 * Runs `work` with a signal that aborts after `timeoutMs` or with `signal`, whichever is first, and stops waiting at
 * that moment even if `work` ignores its signal. Rejects with {@link DeadlineError} or the outer signal's reason.
 */
export async function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const controller = new AbortController();
  const stop = (reason: unknown) => {
    controller.abort(reason);
    reject(asError(reason));
  };
  const onAbort = () => stop(signal?.reason);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  const timer = clock.setTimer(timeoutMs, () => stop(new DeadlineError(timeoutMs)));
  try {
    work(controller.signal).then(resolve, reject);
    return await promise;
  } finally {
    timer[Symbol.dispose]();
    signal?.removeEventListener("abort", onAbort);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("aborted", { cause: reason });
}

import { DeadlineError, sleep, withDeadline } from "../../core/clock.ts";
import { UserError } from "../../core/errors.ts";
import { jsonLogger, silentLogger } from "../../core/log.ts";
import type { DemoFlags } from "../commands/demo.ts";
import type { CliContext } from "../context.ts";
import { isDebug } from "../error-text.ts";
import { announceReady, untilStopped } from "../long-running.ts";
import { createTemporaryFolder } from "../temporary-folder.ts";
import { examplesFolder } from "../manifests.ts";
import { type Demo, withDemo } from "./demo.ts";
import { createShow, type DemoShow, silentShow } from "./show.ts";

/** What a newcomer needs to read the table before something changes in it. */
const readingTimeMs = 1_500;
/** More than the first round takes on a slow machine; what is not there by then is told as not ready. */
const roundLimitMs = 12_000;

/** `keyweir demo`: everything on this machine, shown as it happens, until the signal or, with `--once`, one round. */
export async function runDemo(this: CliContext, flags: DemoFlags): Promise<void> {
  const { stdout, stderr, env } = this.process;
  const { signal } = this;
  using folder = createTemporaryFolder("keyweir-demo-");
  const options = {
    folder: folder.path,
    manifestsFolder: flags.examples ?? examplesFolder,
    pollIntervalSeconds: flags.rotationPollIntervalInSeconds,
    logger: isDebug(env) ? jsonLogger((line) => stderr.write(line), "debug") : silentLogger,
  };
  await withDemo(this, options, async (demo) => {
    const isJson = flags.output === "json";
    using show = isJson ? silentShow : createShow(this, { ...demo, isInviting: !flags.once });
    await Promise.race([untilStopped(signal), playRound(this, demo, show, flags)]);
    if (signal.aborted) return;
    if (isJson) announceReady(this, "json", demo.access, []);
    if (flags.once) requireAllReady(demo);
    else await untilStopped(signal);
  });
  if (flags.output === "text" && !flags.once) stdout.write(`\nEnded; ${folder.path} is removed.\n`);
}

/** The SecretSyncs arrive, then one secret is rotated and arrives again. Without text there is no rotation to show. */
async function playRound(
  { clock, signal, process }: CliContext,
  demo: Demo,
  show: DemoShow,
  flags: DemoFlags,
): Promise<void> {
  const { progress } = demo;
  show.start();
  await demo.applySecretSyncs();
  const isSettled = await within(() => progress.untilSettled());
  if (isSettled && isAllReady(demo) && flags.output === "text") {
    if (process.stdout.isTTY === true && !flags.once) await sleep(clock, readingTimeMs, signal);
    const names = demo.rotate();
    if (names.length > 0) show.rotated(names);
    // One is asked for at once; the others show what the poll does by itself, unless nobody stays to see it.
    const forced = flags.once ? names : names.slice(0, 1);
    for (const name of forced) await demo.force(name);
    await within(() => progress.untilArrived(forced));
  }
  show.finished();

  async function within(work: () => Promise<void>): Promise<boolean> {
    try {
      await withDeadline(clock, roundLimitMs, signal, work);
      return true;
    } catch (error) {
      if (error instanceof DeadlineError) return false;
      throw error;
    }
  }
}

function isAllReady({ progress }: Demo): boolean {
  return progress.rows.every(({ isReady }) => isReady === true);
}

function requireAllReady({ progress }: Demo): void {
  const { rows } = progress;
  const failed = rows.filter(({ isReady }) => isReady !== true);
  if (failed.length === 0) return;
  const lines = failed.map(
    ({ name, reason, message }) => `  ${name}: ${reason}${message === "" ? "" : `: ${message}`}`,
  );
  throw new UserError(
    [`${failed.length} of ${rows.length} SecretSyncs are not Ready:`, ...lines].join("\n"),
    "Run it without --once, then look at: kubectl describe secretsync -A",
  );
}

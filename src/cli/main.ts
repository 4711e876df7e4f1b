/** The process behind `bin/keyweir`: connects the command tree with the real world and turns its answer into an exit code. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { systemClock } from "../core/clock.ts";
import { systemCodeOf } from "../core/errors.ts";
import { systemRandom } from "../core/random.ts";
import { runCli } from "./app.ts";
import type { CliContext, CliStream } from "./context.ts";
import { describeError, isDebug } from "./error-text.ts";
import { exitCode } from "./exit-code.ts";
import { stopSignal } from "./stop-signal.ts";
import { styleFor, takesColor } from "./terminal.ts";

const { env } = process;
const stop = stopSignal();

for (const stream of [process.stdout, process.stderr]) {
  // The reader is gone (`keyweir … | head`, a closed terminal): nobody is left to tell, so end as if asked to.
  stream.on("error", (error) => {
    if (!["EPIPE", "EIO"].includes(systemCodeOf(error) ?? "")) throw error;
    stop.stopNow();
  });
}
process.on("uncaughtException", (error) => {
  const style = styleFor(takesColor(process.stderr, env));
  process.stderr.write(`${describeError(error, style, isDebug(env))}\n`);
  process.exit(exitCode.failure);
});

const context: CliContext = {
  process: { stdout: streamOf(process.stdout), stderr: streamOf(process.stderr), env },
  clock: systemClock,
  random: systemRandom(),
  // Asking for the signal is what turns Ctrl-C from "die" into "end cleanly": a getter.
  get signal() {
    return stop.signal();
  },
  isColor: takesColor(process.stdout, env),
  readFile: (path) => readFile(path, "utf8"),
  async writeFile(path, text, isPrivate = false) {
    await writeFile(path, text, isPrivate ? { mode: 0o600 } : {});
    // The mode above is for a new file alone.
    if (isPrivate) await chmod(path, 0o600);
  },
};

const code = await runCli(process.argv.slice(2), context);
// A connection that a library keeps open must not keep the process: everything of ours is closed by now.
process.stdout.write("", () => process.exit(code));

function streamOf(stream: NodeJS.WriteStream): CliStream {
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
  };
}

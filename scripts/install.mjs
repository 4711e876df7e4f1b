// Installs the dependencies of a checkout when they are missing, when package-lock.json has changed, or when the
// last attempt was interrupted; otherwise returns at once. Plain JavaScript without dependencies: it runs first, on
// whatever Node the host has. Two commands at once install once: the second waits for the first.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const modulesPath = `${root}node_modules`;
/** Names what is installed. Written last, so that its presence means that everything else is there. */
const stampPath = `${modulesPath}/.keyweir-installed`;
/** Names the processes that install: this script and npm. When both are dead, the install was cut short. */
const lockPath = `${modulesPath}/.keyweir-installing`;
const networkFailure =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|SOCKET_TIMEOUT|EIDLETIMEOUT/;
const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"];
const waitLimitMs = 10 * 60_000;

const wanted = `${createHash("sha256")
  .update(readFileSync(`${root}package-lock.json`))
  .digest("hex")} ${process.platform} ${process.arch}`;

if (!isInstalled()) {
  acquireLock();
  const isDone = isInstalled() || (await install());
  rmSync(lockPath, { force: true });
  if (!isDone) process.exitCode = 1;
}

function isInstalled() {
  return readText(stampPath) === wanted;
}

async function install() {
  const startedMs = performance.now();
  process.stderr.write("Installing dependencies (once, about half a minute) ...\n");
  rmSync(stampPath, { force: true });
  // Without a network npm tries each package again and again, for many minutes; asked once beforehand, it knows at
  // once. A registry that answers anything at all is there. What earlier installs left in npm's cache may do as well.
  const ping = await runNpm(["ping", "--fetch-retries=0", "--fetch-timeout=20000"]);
  const isOffline = networkFailure.test(ping.stderr);
  // `npm install` with a lock file installs what it names, as `npm ci` does, but keeps what is there already: another
  // command may be running from it.
  const flags = ["--no-save", "--no-audit", "--no-fund", isOffline ? "--offline" : "--prefer-offline"];
  const result = await runNpm(["install", "--loglevel=error", ...flags]);
  if (result.code !== 0) {
    process.stderr.write(isOffline ? explainOffline(ping) : explainFailure(result));
    return false;
  }
  if (!existsSync(`${modulesPath}/node/bin/node${process.platform === "win32" ? ".exe" : ""}`)) {
    process.stderr.write(
      "npm did not run the install script of the package `node`, which brings the Node that Keyweir runs on.\n" +
        "Probably ignore-scripts is set in your npm configuration. Try: npm_config_ignore_scripts=false npm start\n",
    );
    return false;
  }
  writeFileSync(stampPath, wanted);
  process.stderr.write(`Installed in ${Math.ceil((performance.now() - startedMs) / 1000)} s.\n`);
  return true;
}

/** Ends npm together with this process, so that none goes on writing on its own. */
function runNpm(commandArguments) {
  return new Promise((resolve) => {
    const npm = spawn("npm", commandArguments, {
      cwd: root,
      // npm prints its summary on stdout, which belongs to the command that follows.
      stdio: ["ignore", "ignore", "pipe"],
      shell: process.platform === "win32",
    });
    if (npm.pid !== undefined) writeFileSync(lockPath, `${process.pid} ${npm.pid}`);
    const stop = (signal) => {
      npm.kill(signal);
      process.exit(1);
    };
    for (const signal of stopSignals) process.once(signal, stop);
    let stderr = "";
    npm.stderr.on("data", (chunk) => (stderr += chunk));
    const end = (code) => {
      for (const signal of stopSignals) process.off(signal, stop);
      resolve({ code, stderr });
    };
    npm.on("error", (error) => end(error.code));
    npm.on("close", end);
  });
}

function explainOffline({ stderr }) {
  return (
    `${stderr.match(/^npm error (?:network )?request to .*$/m)?.[0] ?? stderr.trim()}\n` +
    "The dependencies are not installed: npm cannot reach its registry. They are needed once; after that everything\n" +
    "runs offline. Check the network, or the settings `npm config get registry` and `npm config get https-proxy`.\n"
  );
}

function explainFailure({ code, stderr }) {
  if (code === "ENOENT") return "npm is not on the PATH. Install Node with npm, then try again.\n";
  return `${stderr}The dependencies are not installed: npm failed, and the lines above say why. Try: npm ci\n`;
}

/** Returns when this process holds the lock. Whoever finds the lock of a dead process clears what that left. */
function acquireLock() {
  const deadlineMs = performance.now() + waitLimitMs;
  let hasSpoken = false;
  for (;;) {
    mkdirSync(modulesPath, { recursive: true });
    try {
      writeFileSync(lockPath, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (isAbandoned()) {
      clearModules();
      rmSync(lockPath, { force: true });
      continue;
    }
    if (performance.now() > deadlineMs) {
      process.stderr.write(
        `Another command has been installing for ten minutes. If none is, remove ${lockPath}\n`,
      );
      process.exit(1);
    }
    if (!hasSpoken)
      process.stderr.write("Another command is installing the dependencies; waiting for it ...\n");
    hasSpoken = true;
    sleep(100);
  }
}

function isAbandoned() {
  let text = readText(lockPath);
  // Just made and not yet written, or just gone.
  if (!text) sleep(200);
  text ||= readText(lockPath);
  return text !== undefined && !text.split(" ").some((id) => id !== "" && isAlive(Number(id)));
}

function isAlive(processId) {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

/** Packages that were being unpacked look whole and are not: all must go, the lock last. */
function clearModules() {
  for (const name of readdirSync(modulesPath)) {
    if (`${modulesPath}/${name}` !== lockPath)
      rmSync(`${modulesPath}/${name}`, { recursive: true, force: true });
  }
}

function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function sleep(delayMs) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
}

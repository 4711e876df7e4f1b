// Prints one line `NAME: N passed, N failed` from a report of vitest's JSON reporter. Exits 1 when no test ran. A file
// whose imports or hooks failed has no failed test in the report, but is a failure all the same.
import { readFileSync } from "node:fs";

const [name, reportPath] = process.argv.slice(2);
let report = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] };
try {
  report = JSON.parse(readFileSync(reportPath, "utf8"));
} catch {
  // The run ended before vitest could write: nothing passed.
}
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === "failed" && assertionResults.every((test) => test.status !== "failed"),
).length;
const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : "";
process.stdout.write(
  `${name}: ${report.numPassedTests} passed, ${report.numFailedTests + brokenFiles} failed${skipped}\n`,
);
process.exitCode = report.numPassedTests + report.numFailedTests + brokenFiles > 0 ? 0 : 1;

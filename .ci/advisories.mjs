// Checks package-lock.json against known advisories: with OSV_DATABASE=<folder>, against the JSON files of an unpacked OSV
// dump (`npm/all.zip` of the OSV project; one file an advisory, subfolders too), offline; without, by `npm audit`.
// Usage: node .ci/advisories.mjs [package-lock.json]
// Ends with 0: none that concern what is installed with the package · 1: there are · 2: not checked.
// Advisories on development dependencies are warnings: they do not reach a host.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import semver from 'semver';

/** Why nothing can be said. Never to be taken for "no advisories". */
class NotChecked extends Error {}

try {
  const lockFile = resolve(process.argv[2] ?? 'package-lock.json');
  const database = process.env.OSV_DATABASE;
  const { source, findings } = database ? byDatabase(lockFile, resolve(database)) : byNpm(lockFile);
  process.exitCode = report(source, findings);
} catch (error) {
  if (!(error instanceof NotChecked)) throw error;
  console.error(`not checked: ${error.message}`);
  process.exitCode = 2;
}

/** Prints the findings; answers the exit code. */
function report(source, findings) {
  for (const { dev, name, version, id, summary } of findings.sort((a, b) => Number(a.dev) - Number(b.dev))) {
    console.log(`${dev ? 'warning (development only)' : 'ADVISORY'}  ${name} ${version}  ${id}  ${summary}`);
  }
  const serious = findings.filter(({ dev }) => !dev).length;
  console.log(`${serious} advisories, ${findings.length - serious} on development dependencies (${source})`);
  return serious > 0 ? 1 : 0;
}

function byDatabase(lockFile, folder) {
  const installed = grouped(lockedPackages(lockFile));
  const files = jsonFiles(folder);
  const findings = [];
  let npmAdvisories = 0;
  for (const file of files) {
    const advisory = readJson(file, 'the advisory');
    const affected = (advisory.affected ?? []).filter((entry) => entry.package?.ecosystem === 'npm');
    if (affected.length === 0 || typeof advisory.id !== 'string') continue;
    npmAdvisories += 1;
    if (advisory.withdrawn) continue;
    const hit = new Set(
      affected.flatMap((entry) => (installed.get(entry.package.name) ?? []).filter(({ version }) => isAffected(version, entry))),
    );
    for (const { name, version, dev } of hit) findings.push({ name, version, dev, id: advisory.id, summary: advisory.summary ?? '' });
  }
  if (npmAdvisories === 0) throw new NotChecked(`${folder} holds no advisory for npm: unpack npm/all.zip of an OSV dump there`);
  return { source: `${npmAdvisories} advisories of ${folder}`, findings };
}

/** Name, version and whether it is for development, of all that the lock file installs; aliases by their real name. */
function lockedPackages(lockFile) {
  const { packages } = readJson(lockFile, 'the lock file');
  if (typeof packages !== 'object' || packages === null) throw new NotChecked(`${lockFile} has no packages: npm 7 or later writes them`);
  return Object.entries(packages).flatMap(([path, { name, version, dev, link }]) =>
    path.includes('node_modules/') && version && !link
      ? [
          {
            name: name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
            version,
            dev: dev === true,
          },
        ]
      : [],
  );
}

function grouped(packages) {
  const groups = new Map();
  for (const one of packages) groups.set(one.name, [...(groups.get(one.name) ?? []), one]);
  return groups;
}

/** As OSV says: a version that is listed, or lies in a range. */
function isAffected(version, { versions = [], ranges = [] }) {
  if (versions.includes(version)) return true;
  return ranges.some(({ type, events = [] }) => (type === 'SEMVER' || type === 'ECOSYSTEM') && isWithin(version, events));
}

/** Events are points on the line of versions: from `introduced` on it is affected, from `fixed` on, or after `last_affected`, no more. */
function isWithin(version, events) {
  const points = events.map((event) => {
    const [kind, at] = Object.entries(event)[0] ?? [];
    return { kind, at: at === '0' ? '0.0.0-0' : at };
  });
  let affected = false;
  for (const { kind, at } of points.filter(({ at }) => semver.valid(at)).sort((a, b) => semver.compare(a.at, b.at))) {
    if (kind === 'introduced' && semver.gte(version, at)) affected = true;
    if (kind === 'fixed' && semver.gte(version, at)) affected = false;
    if (kind === 'last_affected' && semver.gt(version, at)) affected = false;
  }
  return affected;
}

function jsonFiles(folder) {
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true });
    return files.filter((entry) => entry.isFile() && entry.name.endsWith('.json')).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    throw new NotChecked(`the folder of OSV_DATABASE cannot be read: ${error.message}`);
  }
}

function readJson(file, what) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new NotChecked(`${what} ${file} cannot be read: ${error.message}`);
  }
}

function byNpm(lockFile) {
  const production = audit(lockFile, '--omit=dev');
  const all = audit(lockFile);
  const serious = new Set(production.map(({ id, name }) => `${id} ${name}`));
  return {
    source: 'npm audit',
    findings: [...production, ...all.filter(({ id, name }) => !serious.has(`${id} ${name}`)).map((found) => ({ ...found, dev: true }))],
  };
}

/** What npm's registry knows. Offline, or where the registry has no such service, that is an error, not an empty list. */
function audit(lockFile, ...options) {
  const cannot = (why) => new NotChecked(`npm audit ${why}. Offline, give OSV_DATABASE=<folder of an unpacked OSV dump>`);
  const args = ['audit', '--json', '--package-lock-only', ...options];
  const { stdout, error } = spawnSync('npm', args, {
    cwd: dirname(lockFile),
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
  if (error) throw cannot(`did not run: ${error.message}`);
  let answer;
  try {
    answer = JSON.parse(stdout);
  } catch {
    throw cannot('answered no JSON');
  }
  if (typeof answer?.vulnerabilities !== 'object' || answer.vulnerabilities === null || !answer.metadata) {
    throw cannot(
      `has no answer: ${answer?.error?.summary || answer?.error?.code || answer?.message || 'the registry may have no such service'}`,
    );
  }
  return Object.values(answer.vulnerabilities).flatMap(({ name, range, via }) =>
    // A text names the package that brings it, which has an entry of its own.
    via
      .filter((cause) => typeof cause === 'object')
      .map(({ url, title }) => ({ name, version: range, id: url, summary: title, dev: false })),
  );
}

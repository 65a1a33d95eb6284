import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The last build's record of its files: the bytes of each, and of its content by package before minification. */
type Held = { file: string; bytes: number; parts: Record<string, number>; own: string[] }

/** The time at which a file is loaded, by its content. */
const when: [part: string, when: string][] = [
  ['main.js', 'always'],
  ['reconcile-client.js', 'while the first answers are under way'],
  ['publish-failure.js', 'where a run stops before any client'],
  ['publish-checked.js', 'with `mode: validate`'],
  ['audit-or-export.js', 'with `mode: audit` or `mode: export`'],
  ['plan-client.js', 'while the first answers are under way'],
  ['find-client.js', 'while the first answers are under way'],
  ['read-spec-files.js', 'with a spec file'],
  ['check-spec-file.js', 'with a spec file'],
  ['observe-spaces.js', 'with spaces'],
  ['spaces.js', 'with spaces'],
  ['ask-consent.js', 'where the tenant hides the consent in its list'],
  ['whole-tenant-inputs.js', 'with `mode: audit` or `mode: export`'],
  ['runner-files.js', 'when outputs and summary are written'],
  ['signing-key.js', 'where a private key signs a client in'],
  ['undici', 'with a proxy'],
  ['proxy-tunnel.js', 'with a proxy'],
  ['libsodium-wrappers', 'before the first secret is delivered to GitHub'],
  ['libsodium', 'before the first secret is delivered to GitHub'],
  ['yaml', 'with a spec file'],
]

/** The files of `dist` as a table: their size, content, and time of loading. */
export function bundleTable(): string {
  const file = path.join(import.meta.dirname, '../../build/bundle.json')
  if (!existsSync(file)) return 'A build records the content of the bundle: run `npm run build` first.'
  const held = JSON.parse(readFileSync(file, 'utf8')) as Held[]
  const rows = held
    .toSorted((a, b) => b.bytes - a.bytes)
    .map(
      ({ bytes, parts, own }) =>
        `| ${kilo(bytes)} kB | ${partsText(parts)} | ${loaded([...Object.keys(parts), ...own])} |`,
    )
  return ['| file of | holds, before it is made small | loaded |', '| --- | --- | --- |', ...rows].join('\n')
}

function partsText(parts: Record<string, number>): string {
  const largest = Object.entries(parts).sort(([, a], [, b]) => b - a)
  return largest.map(([name, bytes]) => `${name} ${kilo(bytes)}`).join(', ')
}

function loaded(held: string[]): string {
  return when.find(([part]) => held.includes(part))?.[1] ?? 'by some runs'
}

function kilo(bytes: number): string {
  return (bytes / 1024).toFixed(0)
}

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** What the last build wrote down of its files: bytes of each, and of what went into it, by package, before it was made small. */
type Held = { file: string; bytes: number; parts: Record<string, number>; own: string[] }

/** When a file is loaded, by what it holds. */
const when: [part: string, when: string][] = [
  ['main.js', 'always'],
  ['reconcile-client.js', 'while the first answers are under way'],
  ['spec-files.js', 'with a spec file'],
  ['runner-files.js', 'when outputs and summary are written'],
  ['signing-key.js', 'where a private key signs a client in'],
  ['libsodium-wrappers', 'before the first secret is delivered to GitHub'],
  ['libsodium', 'before the first secret is delivered to GitHub'],
  ['yaml', 'with a spec file'],
]

/** The files of `dist` as a table: what weighs what, and when it is loaded. */
export function bundleTable(): string {
  const file = path.join(import.meta.dirname, '../../build/bundle.json')
  if (!existsSync(file)) return 'What the bundle holds is written down by a build: run `npm run build` first.'
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

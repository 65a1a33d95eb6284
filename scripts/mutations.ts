// Do the tests of the promises notice when a rule of the protocol is missing? Each mutation takes one rule out of a copy of the
// program; the tests must fail there. The working tree is not touched.
//   node scripts/node24.mjs scripts/mutations.ts [part of a mutation's name]
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Mutation, mutations } from './mutations/list.ts'
import { mutate } from './mutations/mutate.ts'

const root = path.dirname(import.meta.dirname)
const wanted = process.argv[2] ?? ''
for (const mutation of mutations.filter(({ name }) => name.includes(wanted))) {
  const by = attempt(mutation)
  console.log(`${by === undefined ? 'MISSED' : 'caught'}  ${mutation.name}${by === undefined ? '' : `: ${by}`}`)
  if (by === undefined) process.exitCode = 1
  // A test that fails even without the mutation proves nothing.
  else if (attempt(undefined, by) !== undefined) throw new Error(`${by} fails without any mutation, too`)
}

/** Runs the tests on a copy, mutated or not, and tells which of them failed first; `only`: that one alone. */
function attempt(mutation: Mutation | undefined, only?: string): string | undefined {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'mutation-'))
  try {
    for (const part of ['src', 'sandbox', '__tests__', 'vitest.config.ts', 'package.json'])
      cpSync(path.join(root, part), path.join(copy, part), { recursive: true })
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
    if (mutation !== undefined) mutate(path.join(copy, 'src'), mutation)
    if (only !== undefined) {
      const [file = '', ...title] = only.split(' > ')
      return failed(copy, [file], ['-t', title.join(' ').replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')])
    }
    // The quick ones first: few mutations survive until the sweep.
    return (
      failed(copy, mutation?.tests ?? ['stories', 'slots', 'interleaving'].map((name) => `promises/${name}`)) ??
      failed(copy, ['promises/sweep'])
    )
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** The name of the first test that failed, with its file. `tests`: parts of the names of files. */
function failed(copy: string, tests: string[], options: string[] = []): string | undefined {
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [vitest, 'run', '--root', copy, '--bail', '1', ...options, ...tests],
    { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  )
  const [, by] = /FAIL\s+(.*)/.exec(stderr) ?? []
  const passed = /Tests .*\b\d+ passed/.test(stdout)
  // A copy that can't even start proves nothing.
  if (by === undefined && (status !== 0 || !passed)) throw new Error(`the tests did not run\n${stdout}${stderr}`)
  return by
}

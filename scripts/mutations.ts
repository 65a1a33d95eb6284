// Do the tests of the promises notice when a rule of the protocol is missing? Each mutation takes one rule out of a copy of the
// program; the tests must fail there. The working tree is not touched.
//   node scripts/node24.mjs scripts/mutations.ts [part of a mutation's name]
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

type Mutation = { name: string; file: string; from: string; to: string }

const mutations: Mutation[] = [
  {
    name: 'issue without announcing',
    file: 'apply/issue-credential.ts',
    from: 'await written(work, writers.tenant.describe(step.clientId, text, descriptionBefore(work), sendBy)).catch(againIfLate)',
    to: 'void [written, writers, text, descriptionBefore, sendBy, againIfLate]',
  },
  {
    name: 'deliver without the two seconds',
    file: 'ledger/delivery-evidence.ts',
    from: 'const stampGap = 2',
    to: 'const stampGap = 0',
  },
  {
    name: 'announce without keeping suspects',
    file: 'ledger/ledger-transitions.ts',
    from: 'suspects: only(added(suspects, rotation.orphans, base.announced?.at ?? input.now), alive)',
    to: 'suspects: {}',
  },
  {
    name: 'do not look for orphans',
    file: 'ledger/rotation-decision.ts',
    from: 'orphans: ours.filter((secret) => !lost.includes(secret)).map(({ hint }) => hint)',
    to: 'orphans: []',
  },
  {
    name: 'retire orphans that may have been delivered',
    file: 'ledger/rotation-decision.ts',
    from: 'Object.keys(announced.stamps).every((key) => isUntouched(key, ledger, input.observed, now))',
    to: '[isUntouched].length > 0',
  },
  {
    name: 'take what was written while a run announced for something older',
    file: 'ledger/delivery-evidence.ts',
    from: '+ readingSlack',
    to: '- 60 * readingSlack',
  },
  {
    name: 'do not look back',
    file: 'apply/commit-delivery.ts',
    from: 'const correction = await writeLedger(fresh, work, (it) => lookingBack(facts, written.ledger, it))',
    to: 'const correction = undefined as typeof written | undefined',
  },
  {
    name: 'retire before delivering',
    file: 'plan/plan-issue.ts',
    from: "    {\n      kind: 'issue',",
    to: "    ...retiredAtOnce(spec, client.id, ledger, rotation, input),\n    {\n      kind: 'issue',",
  },
  {
    name: 'trust a delivery that was not committed',
    file: 'ledger/delivery-evidence.ts',
    from: 'return isKnownWrite(seen.secretStamp, key, ledger) && idIsThere',
    to: 'return seen.secretStamp !== undefined && idIsThere',
  },
  {
    name: 'make room without regard to the grace',
    file: 'ledger/delivery-evidence.ts',
    from: 'seen.secretAge >= seconds',
    to: 'seen.secretAge >= 0 * seconds',
  },
  {
    name: 'add a key while another run may be adding one',
    file: 'apply/issue-credential.ts',
    from: 'const exclusion = freshness + 1000',
    to: 'const exclusion = 0 * freshness',
  },
  {
    name: 'ignore the grace',
    file: 'ledger/rotation-decision.ts',
    from: 'now - since >= grace',
    to: 'now - since >= 0',
  },
]

const root = path.dirname(import.meta.dirname)
const wanted = process.argv[2] ?? ''
for (const mutation of mutations.filter(({ name }) => name.includes(wanted))) {
  const by = attempt(mutation)
  console.log(`${by === undefined ? 'MISSED' : 'caught'}  ${mutation.name}${by === undefined ? '' : `: ${by}`}`)
  if (by === undefined) process.exitCode = 1
  // What fails anyway notices nothing.
  else if (attempt(undefined, by) !== undefined) throw new Error(`${by} fails without any mutation, too`)
}

/** Runs the tests on a copy, mutated or not, and tells which of them failed first; `only`: that one alone. */
function attempt(mutation: Mutation | undefined, only?: string): string | undefined {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'mutation-'))
  try {
    for (const part of ['src', 'sandbox', '__tests__', 'vitest.config.ts', 'package.json'])
      cpSync(path.join(root, part), path.join(copy, part), { recursive: true })
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
    if (mutation !== undefined) mutate(copy, mutation)
    if (only !== undefined) {
      const [file = '', ...title] = only.split(' > ')
      return failed(copy, [file], ['-t', title.join(' ').replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')])
    }
    const tests = (names: string[]) => names.map((name) => `__tests__/promises/${name}.test.ts`)
    // The quick ones first: most mutations don't live to see the sweep.
    return failed(copy, tests(['stories', 'slots', 'interleaving'])) ?? failed(copy, tests(['sweep']))
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** The name of the first test that failed, with its file. */
function failed(copy: string, tests: string[], options: string[] = []): string | undefined {
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [vitest, 'run', '--root', copy, '--bail', '1', ...options, ...tests],
    {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    },
  )
  const [, by] = /FAIL\s+(.*)/.exec(stderr) ?? []
  const passed = /Tests .*\b\d+ passed/.test(stdout)
  // A copy that can't even start proves nothing.
  if (by === undefined && (status !== 0 || !passed)) throw new Error(`the tests did not run\n${stdout}${stderr}`)
  return by
}

function mutate(copy: string, { name, file, from, to }: Mutation): void {
  const place = path.join(copy, 'src', file)
  const text = readFileSync(place, 'utf8')
  if (text.split(from).length !== 2) throw new Error(`${name}: ${file} does not hold exactly once: ${from}`)
  writeFileSync(
    place,
    text.replace(from, () => to),
  )
}

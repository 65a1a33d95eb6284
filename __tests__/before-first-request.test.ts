import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { startStage } from './support/step.ts'

const src = path.join(import.meta.dirname, '../src')
const teller = path.join(import.meta.dirname, 'support/first-request.cjs')

/** All that is evaluated before the first line of a file runs: our files by their path below `src`, and packages. */
function evaluatedFor(entry: string): Set<string> {
  const found = new Set<string>()
  const visit = (file: string) => {
    if (found.has(file)) return
    found.add(file)
    const text = readFileSync(path.join(src, file), 'utf8')
    for (const [, names = '', target = ''] of text.matchAll(/^(?:import|export)\s([^'"]*?from\s)?'([^']+)'/gm)) {
      if (/^type\s/.test(names)) continue
      const isOurs = target.startsWith('.') && !target.includes('node_modules')
      if (isOurs) visit(path.posix.join(path.posix.dirname(file), target))
      else found.add(target.replace(/^[./]*node_modules\//, ''))
    }
  }
  visit(entry)
  return found
}

describe('before the first request', () => {
  const evaluated = evaluatedFor('main.ts')

  it('these packages and modules of Node are evaluated, and no others', () => {
    expect([...evaluated].filter((name) => !name.endsWith('.ts')).sort()).toEqual([
      '@actions/core/lib/command.js',
      '@actions/github/lib/context.js',
      '@octokit/endpoint',
      'node:fs',
      'node:os',
      'node:timers/promises',
      'node:util',
      'zod/mini',
    ])
  })

  it('nothing is that only some runs need, or that works with answers', () => {
    const withAnswers = [
      'run/after-first-request.ts',
      'run/run-clients.ts',
      'run/reconcile-client.ts',
      'run/reserve-capacity.ts',
      'run/publish-results.ts',
      'apply/apply-plan.ts',
      'plan/plan-client.ts',
      'plan/find-client.ts',
      'ledger/rotation-decision.ts',
      'report/summary.ts',
    ]
    const some = [
      'io/inputs/read-spec-files.ts',
      'io/inputs/yaml-tree.ts',
      'io/qlik/signing-key.ts',
      'io/runner/runner-files.ts',
      'io/qlik/write.ts',
      'io/github/write.ts',
      'spec/check-spec-file.ts',
    ]
    const later = [...withAnswers, ...some]
    // A file that was renamed would make this look nowhere.
    expect(later.filter((name) => !existsSync(path.join(src, name)))).toEqual([])
    expect(later.filter((name) => evaluated.has(name))).toEqual([])
    expect(evaluated.size).toBeGreaterThan(30)
  })

  it('zod is told first of all that it must make no code of text', () => {
    expect([...evaluated][1]).toBe('base/zod-config.ts')
  })

  it('the process has loaded nothing of Node that costs more than the request', async () => {
    const stage = await startStage()
    await stage.step()
    const { raw } = await stage.step({}, { NODE_OPTIONS: `--require=${JSON.stringify(teller)}` })
    await stage.close()
    const told = JSON.parse(/^at the first request: (.*)$/m.exec(raw)![1]!) as { modules: string[]; heavy: string[] }
    expect(told.modules).toContain('http')
    expect(told.heavy).toEqual([])
  })
})

describe('a run that stops at its inputs', () => {
  it('evaluates little more: what its own report needs', () => {
    const atStart = evaluatedFor('main.ts')
    expect([...evaluatedFor('run/publish-failure.ts')].filter((name) => !atStart.has(name)).sort()).toEqual([
      'report/failure-report.ts',
      'report/markdown-parts.ts',
      'run/publish-failure.ts',
    ])
  })

  it('evaluates nothing of the work on clients where it only checks', () => {
    const evaluated = evaluatedFor('run/publish-checked.ts')
    expect([...evaluated].filter((name) => /^(apply|plan)\/|run\/run-clients|report\/summary/.test(name))).toEqual([])
    expect(evaluated.has('report/validation-report.ts')).toBe(true)
  })
})

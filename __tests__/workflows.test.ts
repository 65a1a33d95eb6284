import { globSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse } from 'yaml'

// GitHub's language service imports JSON without saying that it is JSON, which Node refuses.
registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
})
const { validate } = await import('@actions/languageservice')

const root = path.join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(path.join(root, name), 'utf8')
const ownFiles = globSync('.github/workflows/*.yml', { cwd: root }).map(posix).sort()
const exampleFiles = globSync('examples/**/*.yml', { cwd: root })
  .map(posix)
  .filter((name) => !isSpec(read(name)))
  .sort()
let calls = 0
const action = parse(read('action.yml')) as Action

type Action = { name: string; description: string; inputs: Record<string, { description: string; required?: boolean }> }
type Step = { uses?: string; run?: string; with?: Record<string, unknown> }
type Job = {
  permissions?: Record<string, string>
  uses?: string
  steps?: Step[]
  concurrency?: unknown
  'timeout-minutes'?: number
}
type Workflow = { permissions?: unknown; concurrency?: unknown; jobs: Record<string, Job> }

function posix(name: string): string {
  return name.replaceAll('\\', '/')
}

/** What GitHub's own language service has against a file; steps that use this action are held against action.yml. */
async function complaints(text: string, name = 'workflow.yml'): Promise<string[]> {
  // It remembers what it parsed by its address: each call needs one of its own.
  calls += 1
  const document = TextDocument.create(`file:///${calls}/${name}`, 'yaml', 1, text)
  const found = await validate(document, {
    actionsMetadataProvider: {
      fetchActionMetadata: async ({ name: repository, ref }) =>
        repository === 'qlik-oauth-client' ? action : { name: `${repository}@${ref}`, description: '' },
    },
  })
  return found.map(({ message, range }) => `${range.start.line + 1}: ${message}`)
}

/** The workflows in the documentation, each block with what makes a whole workflow of it where it shows a part. */
function documented(): { what: string; text: string }[] {
  const blocks = ['README.md', ...globSync('docs/*.md', { cwd: root }).map(posix).sort()].flatMap((file) =>
    [...read(file).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => ({ file, text })),
  )
  return blocks
    .filter(({ text }) => !isSpec(text))
    .map(({ file, text }) => ({ what: `${file}: ${firstLine(text)}`, text: whole(text) }))
}

function isSpec(text: string): boolean {
  return /^(version|clients|defaults):/m.test(text)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!
}

function whole(text: string): string {
  const on = /^on:/m.test(text) ? '' : 'on: push\n'
  if (/^jobs:/m.test(text)) return on + text
  const job = 'jobs:\n  it:\n    runs-on: ubuntu-latest\n    steps:\n'
  if (text.startsWith('- ')) return `${on}${job}${text.replaceAll(/^(?=.)/gm, '      ')}`
  const step = '      - uses: OWNER/qlik-oauth-client@v1\n        with:\n'
  // Inputs alone; or, behind such a comment, as deep as they are in a workflow.
  if (firstLine(text).split(':', 1)[0]! in action.inputs)
    return `${on}${job}${step}${text.replaceAll(/^(?=.)/gm, '          ')}`
  const [head = '', inputs = ''] = text.split(/^# ….*$/m)
  return `${on}${head}\n${job}${step}          tenant: a.eu.qlikcloud.com${inputs}\n`
}

describe('GitHub’s own language service', () => {
  it.each([...ownFiles, ...exampleFiles])('has nothing against %s', async (name) => {
    expect(await complaints(read(name), name)).toEqual([])
  })

  it('has nothing against action.yml', async () => {
    expect(await complaints(read('action.yml'), 'action.yml')).toEqual([])
  })

  it.each(documented())('has nothing against $what', async ({ text }) => {
    expect(await complaints(text)).toEqual([])
  })

  const good = read('examples/rotation.yml')
  it.each([
    [
      'an input that there is none of',
      good.replace('rotate-after:', 'rotate-afer:'),
      /Invalid action input 'rotate-afer'/,
    ],
    [
      'a permission that there is none of',
      good.replace('permissions: {}', 'permissions: { secrets: write }'),
      /secrets/,
    ],
    ['a context that there is none of', good.replace('vars.CLIENTS_APP_ID', 'varz.CLIENTS_APP_ID'), /varz/],
    ['a step that is not there', good.replace('steps.token.', 'steps.tokn.'), /tokn/],
  ])('complains about %s', async (_what, bad, expected) => {
    expect(bad).not.toBe(good)
    expect((await complaints(bad)).join('\n')).toMatch(expected)
  })

  it('complains about a runtime that there is none of', async () => {
    const bad = read('action.yml').replace('using: node24', 'using: node26')
    expect((await complaints(bad, 'action.yml')).join('\n')).toMatch(/node26/)
  })
})

describe.each(ownFiles)('%s', (name) => {
  const text = read(name)
  const workflow = parse(text) as Workflow
  const jobs = Object.values(workflow.jobs)
  const steps = jobs.flatMap((job) => job.steps ?? [])

  it('has no permissions but those that a job names', () => {
    expect(workflow.permissions).toEqual({})
    for (const job of jobs) expect(Object.keys(job.permissions ?? {})).not.toEqual([])
  })

  it('pins all that is not ours to a commit, and says which version that is', () => {
    // The SHA of this action can't stand in its own repository.
    const ours = /^(\.\/|OWNER\/qlik-oauth-client@v1$)/
    const used = [...text.matchAll(/\buses: (\S+)(.*)$/gm)].filter(([, what = '']) => !ours.test(what))
    expect(used.length).toBeGreaterThan(0)
    for (const [, what, comment] of used) {
      expect(what).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/)
      expect(comment).toMatch(/^ # v\d+\.\d+\.\d+$/)
    }
  })

  it('leaves no credentials in a checkout, and ends in time', () => {
    for (const { uses, with: inputs } of steps)
      if (uses?.startsWith('actions/checkout@')) expect(inputs?.['persist-credentials']).toBe(false)
    for (const job of jobs) expect(job.uses ?? job['timeout-minutes']).toBeDefined()
    // One that is only called shares its caller's groups: there its jobs say which they are in.
    const called = /^on:\n {2}workflow_call:/m.test(text)
    expect(called ? jobs.find(({ concurrency }) => concurrency)?.concurrency : workflow.concurrency).toBeDefined()
  })

  it('is not started by what a stranger may do with our permissions, and puts nothing of theirs into a script', () => {
    expect(text).not.toMatch(/pull_request_target|workflow_run|issue_comment/)
    for (const { run } of steps) expect(run ?? '').not.toContain('${{')
  })
})

describe.each(exampleFiles)('%s', (name) => {
  const text = read(name)
  const workflow = parse(text) as Workflow
  const jobs = Object.values(workflow.jobs)

  it('says what it does and needs, and has no permissions but those that a job names', () => {
    expect(text).toMatch(/^# .{20}/)
    expect(workflow.permissions).toEqual({})
  })

  it('runs where no two runs meet, on nothing of a stranger’s', () => {
    expect(workflow.concurrency ?? jobs.every(({ uses, concurrency }) => uses ?? concurrency)).toBeTruthy()
    expect(text).not.toMatch(/pull_request_target|workflow_run|issue_comment/)
    for (const { run } of jobs.flatMap(({ steps = [] }) => steps)) expect(run ?? '').not.toContain('${{')
  })
})

describe('the workflows together', () => {
  it('use one version of each action', () => {
    const versions = new Map<string, Set<string>>()
    for (const name of [...ownFiles, ...exampleFiles])
      for (const [, owner, commit] of read(name).matchAll(/\buses: ([\w-]+\/[\w-]+)\S*@(.*)$/gm))
        versions.set(owner!, new Set([...(versions.get(owner!) ?? []), commit!]))
    expect(versions.size).toBeGreaterThan(5)
    expect([...versions].filter(([, commits]) => commits.size > 1)).toEqual([])
  })

  it('let code of others run only where there is nothing to be taken: npm and a permission to write never meet', () => {
    const jobs = ownFiles.flatMap((name) => Object.values((parse(read(name)) as Workflow).jobs))
    const risky = jobs.filter(({ steps = [] }) => steps.some(({ run = '' }) => /\bnpm\b|\.ci\/run/.test(run)))
    expect(risky.length).toBeGreaterThanOrEqual(3)
    for (const { permissions } of risky) expect(permissions).toEqual({ contents: 'read' })
  })
})

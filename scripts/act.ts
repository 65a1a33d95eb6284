// Runs every workflow of the README and of examples/, unchanged, on an independent workflow engine (nektos/act, without
// containers) against the sandbox, and checks the results. `node scripts/node24.mjs scripts/act.ts PATH_OF_ACT [NAME]`
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import * as many from './act/many.ts'
import * as one from './act/one-client.ts'
import { root, Stage } from './act/stage.ts'
import * as use from './act/use.ts'
import * as whole from './act/whole-tenant.ts'

type Play = (stage: Stage) => Promise<void>

const engine = path.resolve(process.argv[2] ?? 'act')
const [, , , only = ''] = process.argv

const covered = new Set<string>()

/** The workflows by name; examples by the names of their files. */
const plays: [name: string, prepare: (stage: Stage) => void, play: Play][] = [
  ['README: the first workflow', block('README.md', /\bjobs:[\s\S]*api-key/), one.firstClient],
  ['README: getting an access token', block('README.md', /\/oauth\/token/), use.accessToken],
  ['docs/bootstrap.md', block('docs/bootstrap.md', /^jobs:/m), one.bootstrap],
  ...example('first-client.yml', one.firstClient, one.failure),
  ...example('environments.yml', one.perEnvironment),
  ...example('rotation.yml', one.rotation),
  ...example('rotation-matrix.yml', one.rotationMatrix),
  ...example('admin-client.yml', one.adminClient),
  ...example('github-app.yml', one.app),
  ...example('keys.yml', one.keys),
  ...example('spaces.yml', one.spaces),
  ...example('plan.yml', many.plan),
  ...example('drift.yml', many.drift),
  ...example('audit.yml', whole.audit),
  ...example('export.yml', whole.exported),
  ...example('many-clients.yml', many.manyTenants, many.long, many.tooMany),
  ...example('pull-request-client.yml', use.preview),
  ...example('use-qlik-api.yml', use.library),
  ...example('use-qlik-cli.yml', use.commandLine),
  [
    'a step that prints the secret',
    (stage) => stage.write('.github/workflows/masks.yml', use.masksWorkflow),
    use.masks,
  ],
]

const failed = forgotten()
for (const [name, prepare, play] of plays.filter(([name]) => name.includes(only))) {
  const began = performance.now()
  const error = await perform(prepare, play)
  console.log(`${error === undefined ? '✓' : '✗'} ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
  if (error !== undefined) failed.push(`${name}: ${error}`)
}
for (const failure of failed) console.error(`\n!! ${failure}`)
process.exitCode = failed.length === 0 ? 0 : 1

async function perform(prepare: (stage: Stage) => void, play: Play): Promise<string | undefined> {
  const stage = await Stage.open(engine)
  try {
    prepare(stage)
    await play(stage)
    return undefined
  } catch (error) {
    return error instanceof Error && error.message.startsWith('not so:') ? error.message : (error as Error).stack
  } finally {
    await stage.close()
  }
}

function example(file: string, ...all: Play[]): typeof plays {
  return all.map((play) => [
    `examples/${file}${play === all[0] ? '' : `, ${play.name}`}`,
    (stage) => stage.example(file),
    play,
  ])
}

/** A block of a page; if it shows only steps, wrapped in a workflow. */
function block(page: string, looks: RegExp): (stage: Stage) => void {
  const found = blocksOf(page).find((text) => looks.test(text))
  if (found === undefined) return () => raise(`no block of ${page} looks like ${looks}`)
  covered.add(found)
  const job = `jobs:\n  it:\n    runs-on: ubuntu-latest\n    steps:\n${found.replaceAll(/^(?=.)/gm, '      ')}`
  const text = /^jobs:/m.test(found) ? found : job
  const on = /^on:/m.test(text) ? '' : 'on: [push, workflow_dispatch]\n'
  return (stage) => stage.write('.github/workflows/page.yml', on + text)
}

function blocksOf(file: string): string[] {
  return [...readFileSync(path.join(root, file), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
    ([, text]) => text!,
  )
}

/** Workflows in the examples and the documentation that this script does not run. */
function forgotten(): string[] {
  const files = globSync('examples/*.yml', { cwd: root }).map((name) => name.replaceAll('\\', '/'))
  const pages = ['README.md', ...globSync('docs/*.md', { cwd: root })]
  const shown = pages.flatMap((page) => blocksOf(page).map((text) => ({ page, text })))
  const blocks = shown.filter(({ text }) => /^jobs:/m.test(text) && !covered.has(text))
  return [
    ...files.filter((file) => !plays.some(([name]) => name === file)),
    ...blocks.map(({ page, text }) => `${page}, the workflow that begins with \`${text.split('\n', 1)}\``),
  ].map((what) => `${what}: this script does not run it`)
}

function raise(message: string): never {
  throw new Error(`not so: ${message}`)
}

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/** The output of a step. `raw`: its unchanged output; `log`: the part that a person would see. */
export type StepResult = {
  exitCode: number | null
  signal: NodeJS.Signals | null
  raw: string
  log: string
  outputs: Record<string, string>
  summary: string
  milliseconds: number
}

export type StepOptions = {
  /** The action's inputs, by their names in action.yml. */
  with: Record<string, string>
  env: Record<string, string>
  /** Called with the running process: to send it signals. */
  onStart?: ((child: { kill(signal: NodeJS.Signals): boolean; pid: number | undefined }) => void) | undefined
  entry?: string
}

const defaultEntry = path.join(path.dirname(import.meta.dirname), 'dist/index.js')

/** Runs the built action as GitHub's runner does: inputs as environment, files for outputs and summary, masks applied to the log. */
export async function runStep(options: StepOptions): Promise<StepResult> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'step-'))
  try {
    return await runIn(folder, options)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runIn(folder: string, options: StepOptions): Promise<StepResult> {
  const files = {
    GITHUB_OUTPUT: path.join(folder, 'output'),
    GITHUB_STEP_SUMMARY: path.join(folder, 'summary'),
    GITHUB_STATE: path.join(folder, 'state'),
  }
  for (const file of Object.values(files)) await writeFile(file, '')
  const inputs = Object.fromEntries(
    Object.entries(options.with).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]),
  )
  const began = performance.now()
  const { raw, exitCode, signal } = await execute(options, {
    PATH: process.env.PATH ?? '',
    ...files,
    ...options.env,
    ...inputs,
  })
  const outputs = parseOutputs(await readFile(files.GITHUB_OUTPUT, 'utf8'))
  const summary = await readFile(files.GITHUB_STEP_SUMMARY, 'utf8')
  return { exitCode, signal, raw, log: maskedLog(raw), outputs, summary, milliseconds: performance.now() - began }
}

function execute(
  options: StepOptions,
  env: Record<string, string>,
): Promise<{ raw: string; exitCode: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [options.entry ?? defaultEntry], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let raw = ''
    child.stdout.on('data', (chunk: Buffer) => (raw += chunk))
    child.stderr.on('data', (chunk: Buffer) => (raw += chunk))
    child.on('error', reject)
    child.on('close', (exitCode, signal) => resolve({ raw, exitCode, signal }))
    options.onStart?.({ kill: (name) => child.kill(name), pid: child.pid })
  })
}

/** The runner's file format: `name<<delimiter`, lines, `delimiter`; or `name=value` (docs.github.com, "Workflow commands"). */
function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {}
  const lines = text.split(/\r?\n/)
  for (let index = 0; index < lines.length; index++) {
    const [, name, delimiter] = /^([^=<]+)<<(.+)$/.exec(lines[index]!) ?? []
    if (name === undefined) {
      const [, key, value] = /^([^=]+)=(.*)$/.exec(lines[index]!) ?? []
      if (key !== undefined) outputs[key] = value!
      continue
    }
    const end = lines.indexOf(delimiter!, index + 1)
    outputs[name] = lines.slice(index + 1, end).join('\n')
    index = end
  }
  return outputs
}

/** A log as the runner shows it: mask commands are carried out and not shown, annotations are shown with their level. */
function maskedLog(raw: string): string {
  const masks: string[] = []
  const shown: string[] = []
  for (const line of raw.split(/\r?\n/)) {
    const [, command, data = ''] = /^::([\w-]+)(?: [^:]*)?::(.*)$/.exec(line) ?? []
    if (command === 'add-mask') masks.push(...unescapeData(data).split(/\r?\n/).filter(Boolean))
    else shown.push(hide(command === undefined ? line : `${command.toUpperCase()} ${unescapeData(data)}`, masks))
  }
  return shown.join('\n')
}

function unescapeData(data: string): string {
  return data.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

function hide(text: string, masks: string[]): string {
  return [...masks].sort((a, b) => b.length - a.length).reduce((result, mask) => result.replaceAll(mask, '***'), text)
}
